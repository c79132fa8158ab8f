with stages as (
    select
        customer_id,
        valid_from as business_date,
        stage_code,
        reason_code,
        lag(stage_code) over (partition by customer_id order by valid_from) as from_stage_code
    from {{ source('profile', 'a_lifecycle_hist') }}
    where {{ is_believed() }}
)

select
    customer_id,
    business_date,
    from_stage_code,
    stage_code,
    reason_code
from stages
where not stage_code <=> from_stage_code
