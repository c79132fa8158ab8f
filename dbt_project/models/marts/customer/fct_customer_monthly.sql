with daily as (
    select * from {{ source('profile', 'customer_daily') }}
),

monthly as (
    select
        customer_id,
        cast(trunc(business_date, 'MM') as date) as month_date,
        sum(aum_cny) as aum_sum,
        max_by(aum_cny, business_date) as aum_end_cny,
        sum(inflow_cny) as inflow_cny,
        sum(outflow_cny) as outflow_cny,
        count(*) as observed_days_cnt
    from daily
    group by customer_id, trunc(business_date, 'MM')
)

select
    customer_id,
    month_date,
    -- The divisor is the number of days seen: a month that began before the lake is not averaged with days nobody delivered.
    cast(round(aum_sum / observed_days_cnt, 2) as decimal(18, 2)) as aum_mavg_cny,
    aum_end_cny,
    cast(inflow_cny as decimal(18, 2)) as inflow_cny,
    cast(outflow_cny as decimal(18, 2)) as outflow_cny,
    observed_days_cnt,
    observed_days_cnt = dayofmonth(last_day(month_date)) as is_complete_month
from monthly
