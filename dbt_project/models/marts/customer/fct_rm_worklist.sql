{{ config(materialized='incremental', incremental_strategy='replace_where') }}

with hits as (
    select * from {{ source('profile', 'a_rule_hit') }}
    where {{ in_built_dates() }} and outcome_code in ('sent', 'queued') and channel_code in ('phone', 'crm', 'visit')
),

parties as (
    select
        hits.rule_hit_id,
        hits.business_date,
        hits.action_date,
        members.party_id
    from hits
    inner join {{ source('identity', 'party_customer') }} as members
        on
            hits.customer_id = members.customer_id
            and members.valid_from <= hits.business_date
            and hits.business_date < members.valid_to
    where {{ is_believed('members') }}
),

-- Parties of one customer may have different managers: the smallest staff id, so that runs agree.
managers as (
    select
        parties.rule_hit_id,
        min(managed.manager_staff_id) as manager_staff_id
    from parties
    inner join {{ source('silver', 'customer_manager_hist') }} as managed
        on
            parties.party_id = managed.party_id
            and managed.valid_from <= parties.business_date
            and parties.business_date < managed.valid_to
    where {{ is_believed('managed') }}
    group by parties.rule_hit_id
),

-- What became of the newest task that was closed before: a manager should not open with what was settled last week.
closed as (
    select
        parties.rule_hit_id,
        done.rule_code as previous_rule_code,
        coalesce(done.outcome_code, done.status_code) as previous_outcome_code,
        done.closed_at as previous_closed_at,
        row_number() over (
            partition by parties.rule_hit_id order by done.closed_at desc, done.task_no_crm asc
        ) as recency_no
    from parties
    inner join {{ source('silver', 'crm_task') }} as done
        on parties.party_id = done.party_id and done.closed_at < parties.action_date
),

previous as (
    select * from closed
    where recency_no = 1
),

tasks as (
    select
        hits.*,
        managers.manager_staff_id,
        daily.aum_30_avg_cny,
        daily.tier_code,
        previous.previous_rule_code,
        previous.previous_outcome_code,
        previous.previous_closed_at
    from hits
    inner join managers on hits.rule_hit_id = managers.rule_hit_id
    left join {{ source('profile', 'customer_daily') }} as daily
        on hits.customer_id = daily.customer_id and hits.business_date = daily.business_date
    left join previous on hits.rule_hit_id = previous.rule_hit_id
),

-- What waits for an instant of its own takes no place before those that can be worked.
ranked as (
    select
        *,
        row_number() over (
            partition by manager_staff_id, business_date
            order by
                outcome_code = 'queued' asc, cast(priority_code as int) asc, due_at asc, coalesce(aum_30_avg_cny, 0) desc,
                customer_id asc, rule_hit_id asc
        ) as rank_no
    from tasks
),

judged as (
    select
        *,
        outcome_code = 'sent' and (priority_code = '1' or rank_no <= {{ var('manager_capacity') }}) as is_within_capacity
    from ranked
)

select
    manager_staff_id,
    business_date,
    rank_no,
    action_date,
    rule_hit_id,
    rule_code,
    customer_id,
    purpose_code,
    priority_code,
    channel_code,
    due_at,
    not_before_at,
    aum_30_avg_cny,
    tier_code,
    {{ goal_of('tier_code') }} as tier_goal_code,
    if(is_within_capacity, 'sent', 'queued') as outcome_code,
    if(outcome_code = 'sent' and not is_within_capacity, 'capacity', first_reason_code) as first_reason_code,
    is_within_capacity,
    previous_rule_code,
    previous_outcome_code,
    previous_closed_at
from judged
