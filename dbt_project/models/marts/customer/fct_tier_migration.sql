with lake_end as (
    -- The condition keeps Delta from answering out of its log, where dates are of a class that Thrift refuses.
    select max(business_date) as last_date
    from {{ source('profile', 'customer_daily') }}
    where customer_id is not null
),

believed as (
    select hist.*, lake_end.last_date
    from {{ source('profile', 'a_tier_hist') }} as hist
    cross join lake_end
    where {{ is_believed('hist') }} and hist.valid_from <= lake_end.last_date
),

by_month as (
    select
        *,
        explode(sequence(
            cast(trunc(valid_from, 'MM') as date),
            cast(trunc(least(date_sub(valid_to, 1), last_date), 'MM') as date),
            interval 1 month
        )) as month_date
    from believed
),

-- The state that holds on the month's last day, or on the lake's last day in the month that is not over.
month_end as (
    select *
    from by_month
    where
        valid_from <= least(last_day(month_date), last_date)
        and least(last_day(month_date), last_date) < valid_to
)

select
    this_month.customer_id,
    this_month.month_date,
    month_before.tier_code as from_tier_code,
    month_before.tier_state_code as from_tier_state_code,
    this_month.tier_code,
    this_month.tier_state_code,
    this_month.tier_code <> month_before.tier_code as is_moved,
    this_month.reason_code,
    this_month.basis_cny
from month_end as this_month
left join month_end as month_before
    on this_month.customer_id = month_before.customer_id and this_month.month_date = add_months(month_before.month_date, 1)
