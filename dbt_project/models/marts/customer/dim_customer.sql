{%- set pension = var('pension') -%}

with current_customers as (
    select
        shown.*,
        outlets.org_name as open_org_name
    from {{ source('profile', 'customer_current') }} as shown
    left join {{ ref('dim_org') }} as outlets on shown.open_org_code = outlets.org_code
)

select
    customer_id,
    business_date,
    status_code,
    retired_into_customer_id,
    age_band_code,
    case
        when age_years >= {{ pension['retired_age'] }} then 'retired'
        when age_years >= {{ pension['preparing_age'] }} then 'preparing'
        when age_years >= {{ pension['adult_age'] }} then 'not_yet'
    end as pension_stage_code,
    sex_code,
    region_code,
    open_org_code,
    open_org_name,
    manager_staff_id,
    is_minor,
    is_deceased,
    party_cnt,
    source_cnt,
    relationship_date,
    tenure_days,
    aum_cny,
    deposit_cny,
    loan_cny,
    aum_30_avg_cny,
    salary_30_cny,
    product_cnt,
    product_kind_cnt,
    next_matures_date,
    tier_code,
    tier_state_code,
    stage_code,
    group_code,
    segment_codes,
    churn_band_code,
    risk_grade_code,
    is_risk_expired,
    can_sell,
    can_care
from current_customers
