with lake_end as (
    -- The condition keeps Delta from answering out of its log, where dates are of a class that Thrift refuses.
    select max(business_date) as last_date
    from {{ source('profile', 'customer_daily') }}
    where customer_id is not null
),

believed as (
    select hist.*, lake_end.last_date
    from {{ source('profile', 'a_segment_member_hist') }} as hist
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
)

select
    customer_id,
    segment_code,
    least(last_day(month_date), last_date) as business_date,
    month_date,
    valid_from as joined_date,
    why
from by_month
where
    valid_from <= least(last_day(month_date), last_date)
    and least(last_day(month_date), last_date) < valid_to
