-- Rule: tiers part the customers. The sum over tiers of the newest month is the number of active customers of the last day.
with last_day as (
    -- The condition keeps Delta from answering out of its log, where dates are of a class that Thrift refuses.
    select max(business_date) as business_date
    from {{ source('profile', 'a_customer_daily') }}
    where customer_id is not null
),

concluded as (
    select count(*) as customers_cnt
    from {{ source('profile', 'a_customer_daily') }} as daily
    inner join last_day on daily.business_date = last_day.business_date
),

in_tiers as (
    select count(*) as customers_cnt
    from {{ source('profile', 'a_customer_daily') }} as daily
    inner join last_day on daily.business_date = last_day.business_date
    inner join {{ ref('fct_tier_migration') }} as shown
        on
            daily.customer_id = shown.customer_id
            and shown.month_date = trunc(last_day.business_date, 'MM')
            and daily.tier_code = shown.tier_code
)

select concluded.customers_cnt - in_tiers.customers_cnt as customers_without_their_tier
from concluded
cross join in_tiers
where concluded.customers_cnt <> in_tiers.customers_cnt
