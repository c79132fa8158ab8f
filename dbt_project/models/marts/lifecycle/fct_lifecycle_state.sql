{{ config(materialized='incremental', incremental_strategy='replace_where') }}

with daily as (
    select customer_id, business_date, stage_code, group_code
    from {{ source('profile', 'a_customer_daily') }}
    where {{ in_built_dates() }}
),

believed as (
    select * from {{ source('profile', 'a_lifecycle_hist') }}
    where {{ is_believed() }}
)

select
    daily.customer_id,
    daily.business_date,
    daily.stage_code,
    daily.group_code,
    believed.reason_code,
    believed.entered_date
from daily
left join believed
    on
        daily.customer_id = believed.customer_id
        and believed.valid_from <= daily.business_date
        and daily.business_date < believed.valid_to
