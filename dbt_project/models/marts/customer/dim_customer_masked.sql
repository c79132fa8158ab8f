with banded as (
    select
        customer_id,
        business_date,
        age_band_code,
        sex_code,
        tier_code,
        stage_code,
        group_code,
        -- The bands of the CRM file.
        case
            when coalesce(aum_30_avg_cny, 0) = 0 then '0'
            when aum_30_avg_cny < 10000 then '<10k'
            when aum_30_avg_cny < 50000 then '<50k'
            when aum_30_avg_cny < 300000 then '<300k'
            when aum_30_avg_cny < 1000000 then '<1M'
            when aum_30_avg_cny < 5000000 then '<5M'
            else '5M+'
        end as aum_band_code,
        case
            when tenure_days is null then null
            when tenure_days < 365 then '<1y'
            when tenure_days < 1825 then '<5y'
            else '5y+'
        end as tenure_band_code,
        product_cnt >= 2 as has_more_products
    from {{ ref('dim_customer') }}
    where status_code = 'active'
),

-- Who shares age, sex and wealth with few others could be recognised: their age and sex are left out.
counted as (
    select
        *,
        count(*) over (partition by age_band_code, sex_code, aum_band_code) as alike_cnt
    from banded
)

select
    customer_id,
    business_date,
    if(alike_cnt >= {{ var('min_customers') }}, age_band_code, null) as age_band_code,
    if(alike_cnt >= {{ var('min_customers') }}, sex_code, null) as sex_code,
    aum_band_code,
    tenure_band_code,
    tier_code,
    stage_code,
    group_code,
    has_more_products,
    alike_cnt < {{ var('min_customers') }} as is_generalised
from counted
