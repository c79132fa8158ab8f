with lake_end as (
    -- The condition keeps Delta from answering out of its log, where dates are of a class that Thrift refuses.
    select
        min(business_date) as first_date,
        max(business_date) as last_date
    from {{ source('profile', 'customer_daily') }}
    where customer_id is not null
),

-- Month ends the lake has seen, its own last day among them: the first has nothing to be compared with.
month_ends as (
    select
        month_date,
        least(last_day(month_date), last_date) as business_date
    from (
        select
            last_date,
            explode(sequence(
                cast(trunc(first_date, 'MM') as date), cast(trunc(last_date, 'MM') as date), interval 1 month
            )) as month_date
        from lake_end
        where last_date is not null
    ) as seen
),

-- The primary group at the month's end; who has none is in `tiered`, because the ten groups name no wealthy one.
held as (
    select
        daily.customer_id,
        month_ends.month_date,
        coalesce(daily.group_code, 'tiered') as group_code
    from {{ source('profile', 'a_customer_daily') }} as daily
    inner join month_ends on daily.business_date = month_ends.business_date
),

moves as (
    select
        coalesce(this_month.month_date, cast(add_months(month_before.month_date, 1) as date)) as month_date,
        coalesce(month_before.group_code, 'absent') as from_group_code,
        coalesce(this_month.group_code, 'absent') as to_group_code
    from held as this_month
    full outer join held as month_before
        on
            this_month.customer_id = month_before.customer_id
            and this_month.month_date = add_months(month_before.month_date, 1)
),

counted as (
    select
        moves.month_date,
        moves.from_group_code,
        moves.to_group_code,
        count(*) as customers_cnt
    from moves
    -- Nothing flows into the first month, and nothing flows out of the last one yet.
    where
        moves.month_date > (select min(ends.month_date) from month_ends as ends)
        and moves.month_date <= (select max(ends.month_date) from month_ends as ends)
    group by moves.month_date, moves.from_group_code, moves.to_group_code
)

select
    month_date,
    from_group_code,
    to_group_code,
    customers_cnt,
    cast(customers_cnt / sum(customers_cnt) over (partition by month_date, from_group_code) as decimal(9, 6)) as of_group_ratio
from counted
