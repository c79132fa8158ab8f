with months as (
    select * from {{ source('profile', 'o_customer_monthly') }}
),

daily as (
    select
        shown.customer_id,
        shown.business_date,
        shown.outflow_cny,
        shown.product_cnt,
        shown.product_kind_cnt,
        shown.tier_code,
        -- Equal amounts: the kind that is named first.
        case greatest(shown.deposit_cny, shown.wealth_cny, shown.fund_cny, shown.insurance_cny)
            when 0 then null
            when shown.deposit_cny then 'deposit'
            when shown.wealth_cny then 'wealth'
            when shown.fund_cny then 'fund'
            else 'insurance'
        end as main_component_code,
        behaved.login_1_cnt,
        cast(trunc(shown.business_date, 'MM') as date) as month_date
    from {{ source('profile', 'customer_daily') }} as shown
    left join {{ source('profile', 'b_customer_daily') }} as behaved
        on shown.customer_id = behaved.customer_id and shown.business_date = behaved.business_date
),

-- Flows and counts of the month's days; states as of the last of them.
seen as (
    select
        customer_id,
        month_date,
        sum(outflow_cny) as outflow_cny,
        sum(login_1_cnt) as login_cnt,
        max_by(product_cnt, business_date) as product_cnt,
        max_by(product_kind_cnt, business_date) as product_kind_cnt,
        max_by(main_component_code, business_date) as main_component_code,
        max_by(tier_code, business_date) as tier_code
    from daily
    group by customer_id, month_date
),

-- What moved money; interest and fees the bank books by itself.
entries as (
    select
        customer_id,
        cast(trunc(business_date, 'MM') as date) as month_date,
        sum(txn_cnt) as transaction_cnt,
        sum(if(flow_code in ('external_out', 'own_transfer'), txn_cnt, 0)) as money_transfer_cnt
    from {{ source('profile', 'o_cashflow_daily') }}
    where flow_code <> 'interest_fee'
    group by customer_id, cast(trunc(business_date, 'MM') as date)
),

complaints as (
    select
        customer_id,
        cast(trunc(business_date, 'MM') as date) as month_date,
        count(*) as complaint_cnt
    from {{ ref('fct_complaint_loop') }}
    group by customer_id, cast(trunc(business_date, 'MM') as date)
),

answers as (
    select
        customer_id,
        cast(trunc(business_date, 'MM') as date) as month_date,
        count(*) as answer_cnt,
        avg(value_score) as answers_avg_score
    from {{ source('profile', 'x_score') }}
    where is_counted
    group by customer_id, cast(trunc(business_date, 'MM') as date)
)

select
    months.customer_id,
    months.month_date,
    months.aum_mavg_cny,
    months.aum_end_cny,
    cast(months.inflow_cny as decimal(18, 2)) as inflow_cny,
    cast(seen.outflow_cny as decimal(18, 2)) as outflow_cny,
    months.salary_cny,
    months.max_overdue_days,
    seen.product_cnt,
    seen.product_kind_cnt,
    seen.main_component_code,
    if(seen.month_date is null, null, coalesce(entries.transaction_cnt, 0)) as transaction_cnt,
    if(seen.month_date is null, null, coalesce(entries.money_transfer_cnt, 0)) as money_transfer_cnt,
    seen.login_cnt,
    if(seen.month_date is null, null, coalesce(complaints.complaint_cnt, 0)) as complaint_cnt,
    if(seen.month_date is null, null, coalesce(answers.answer_cnt, 0)) as answer_cnt,
    cast(answers.answers_avg_score as decimal(9, 4)) as answers_avg_score,
    seen.tier_code,
    months.day_cnt,
    months.is_complete_month,
    months.is_from_opening
from months
left join seen on months.customer_id = seen.customer_id and months.month_date = seen.month_date
left join entries on months.customer_id = entries.customer_id and months.month_date = entries.month_date
left join complaints on months.customer_id = complaints.customer_id and months.month_date = complaints.month_date
left join answers on months.customer_id = answers.customer_id and months.month_date = answers.month_date
