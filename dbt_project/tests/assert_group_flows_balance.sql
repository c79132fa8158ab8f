-- Rule: flows balance. What flows out of a group in a month is what flowed into it in the month before: nobody is lost between
-- two matrices. Counts only, because failures end up in logs.
with came as (
    select
        month_date,
        to_group_code as group_code,
        sum(customers_cnt) as customers_cnt
    from {{ ref('fct_segment_flow') }}
    where to_group_code <> 'absent'
    group by month_date, to_group_code
),

went as (
    select
        cast(add_months(month_date, -1) as date) as month_date,
        from_group_code as group_code,
        sum(customers_cnt) as customers_cnt
    from {{ ref('fct_segment_flow') }}
    where from_group_code <> 'absent'
    group by month_date, from_group_code
),

-- The first month's flow has no month before it, the last one's is not over.
both_known as (
    select month_date from came
    intersect
    select month_date from went
)

select
    came.customers_cnt as came_cnt,
    went.customers_cnt as went_cnt
from came
full outer join went on came.month_date = went.month_date and came.group_code = went.group_code
where
    coalesce(came.month_date, went.month_date) in (select both_known.month_date from both_known)
    and not came.customers_cnt <=> went.customers_cnt
