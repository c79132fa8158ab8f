with stages as (
    select
        customer_id,
        valid_from as business_date,
        stage_code,
        reason_code,
        lag(stage_code) over (partition by customer_id order by valid_from) as from_stage_code,
        lag(entered_date) over (partition by customer_id order by valid_from) as from_entered_date
    from {{ source('profile', 'a_lifecycle_hist') }}
    where {{ is_believed() }}
)

select
    customer_id,
    business_date,
    from_stage_code,
    datediff(business_date, from_entered_date) as from_stage_days,
    stage_code,
    reason_code
from stages
where not stage_code <=> from_stage_code
