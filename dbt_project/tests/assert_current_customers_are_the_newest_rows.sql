-- Rule: dim_customer shows each customer as of its newest business date; a count and no ids, because failures end up in logs.
with newest as (
    select customer_id, max(business_date) as business_date
    from {{ source('profile', 'customer_daily') }}
    group by customer_id
)

select count(*) as stale_customers
from {{ ref('dim_customer') }} as shown
inner join newest on shown.customer_id = newest.customer_id
where shown.business_date <> newest.business_date
having count(*) > 0
