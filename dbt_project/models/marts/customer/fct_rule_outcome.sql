{{ config(materialized='incremental', incremental_strategy='replace_where') }}

select
    rule_hit_id,
    business_date,
    action_date,
    rule_code,
    customer_id,
    purpose_code,
    priority_code,
    channel_code,
    created_at,
    due_at,
    outcome_code,
    not_before_at,
    reason_codes,
    first_reason_code
from {{ source('profile', 'a_rule_hit') }}
where {{ in_built_dates() }}
