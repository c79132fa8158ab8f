{{ config(materialized='incremental', incremental_strategy='replace_where') }}

select
    contact_id,
    business_date,
    customer_id,
    source_code,
    channel_code,
    direction_code,
    purpose_code,
    occurred_at,
    campaign_code,
    result_code
from {{ source('profile', 'b_contact') }}
where {{ in_built_dates() }}
