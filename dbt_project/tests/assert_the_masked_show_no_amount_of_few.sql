-- Rule: whoever shows age and sex in the masked table is one of ten or more of that age, sex and AUM band.
select count(*) as customers_cnt
from {{ ref('dim_customer_masked') }}
where not is_generalised
group by age_band_code, sex_code, aum_band_code
having count(*) < {{ var('min_customers') }}
