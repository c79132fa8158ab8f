with current_customers as (
    select * from {{ source('profile', 'customer_current') }}
)

select
    customer_id,
    business_date,
    status_code,
    retired_into_customer_id,
    age_band_code,
    sex_code,
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
    next_matures_date
from current_customers
