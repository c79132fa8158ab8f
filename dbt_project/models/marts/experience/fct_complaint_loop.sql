with signed as (
    -- Who signed each step, beside who signed before; steps that nobody signed change no hands.
    select
        complaint_no_cmpl,
        staff_id,
        occurred_at,
        event_no_cmpl,
        lag(staff_id) over (partition by complaint_no_cmpl order by occurred_at, event_no_cmpl) as signed_before
    from {{ source('silver', 'complaint_event') }}
    where staff_id is not null
),

hands as (
    select
        complaint_no_cmpl,
        min_by(staff_id, struct(occurred_at, event_no_cmpl)) as first_owner_staff_id,
        count_if(staff_id <> signed_before) as handover_cnt
    from signed
    group by complaint_no_cmpl
),

steps as (
    select
        complaint_no_cmpl,
        min(case when kind_code = 'assigned' then occurred_at end) as assigned_at,
        min(case when kind_code = 'responded' then occurred_at end) as responded_at,
        min(case when kind_code = 'resolved' then occurred_at end) as resolved_at,
        count(*) as step_cnt
    from {{ source('silver', 'complaint_event') }}
    group by complaint_no_cmpl
),

believed as (
    select * from {{ source('identity', 'party_customer') }}
    where {{ is_believed() }}
),

-- The customer as of the complaint's day; who has been merged since follows in the daily rows of the later day.
complaints as (
    select complaint.*, believed.customer_id
    from {{ source('silver', 'complaint') }} as complaint
    left join believed
        on
            complaint.party_id = believed.party_id
            and believed.valid_from <= complaint.business_date
            and complaint.business_date < believed.valid_to
),

-- The bank's own clocks and the regulator's: of the latter the one that decides.
clocks as (
    select
        complaint_no_cmpl,
        max(case when clock_code = 'respond' then due_at end) as response_due_at,
        max(case when clock_code = 'respond' then state_code end) as response_state_code,
        max(case when clock_code = 'resolve' then due_at end) as resolution_due_at,
        max(case when clock_code = 'resolve' then state_code end) as resolution_state_code,
        max(case when clock_code = 'call_back' then state_code end) as call_back_state_code,
        max(case when clock_code like 'reg%' and state_code <> 'paused' then due_at end) as regulator_due_at,
        max(case when clock_code like 'reg%' and state_code <> 'paused' then state_code end) as regulator_state_code
    from {{ source('profile', 's_complaint_clock') }}
    group by complaint_no_cmpl
),

causes as (
    select complaint_no_cmpl, caused_by_incident_no_apm from {{ source('profile', 'x_complaint') }}
),

daily as (
    select customer_id, business_date, aum_cny from {{ source('profile', 'customer_daily') }}
)

select
    complaints.complaint_no_cmpl,
    complaints.business_date,
    complaints.customer_id,
    complaints.channel_code,
    complaints.class_l1_code,
    complaints.class_l2_code,
    complaints.severity_code,
    complaints.org_code,
    complaints.state_code,
    complaints.outcome_code,
    complaints.received_at,
    steps.assigned_at,
    steps.responded_at,
    steps.resolved_at,
    cast(
        (unix_timestamp(steps.responded_at) - unix_timestamp(complaints.received_at)) / 3600.0 as decimal(18, 2)
    ) as response_hours,
    cast(
        (unix_timestamp(steps.resolved_at) - unix_timestamp(complaints.received_at)) / 3600.0 as decimal(18, 2)
    ) as resolution_hours,
    clocks.response_due_at,
    clocks.response_state_code,
    clocks.resolution_due_at,
    clocks.resolution_state_code,
    clocks.call_back_state_code,
    clocks.regulator_due_at,
    clocks.regulator_state_code,
    causes.caused_by_incident_no_apm,
    coalesce(steps.step_cnt, 0) as step_cnt,
    hands.first_owner_staff_id,
    coalesce(hands.handover_cnt, 0) as handover_cnt,
    complaints.is_appealed,
    complaints.csat_value,
    then_seen.aum_cny as aum_received_cny,
    later_seen.aum_cny as aum_later_cny
from complaints
left join steps on complaints.complaint_no_cmpl = steps.complaint_no_cmpl
left join hands on complaints.complaint_no_cmpl = hands.complaint_no_cmpl
left join clocks on complaints.complaint_no_cmpl = clocks.complaint_no_cmpl
left join causes on complaints.complaint_no_cmpl = causes.complaint_no_cmpl
left join daily as then_seen
    on complaints.customer_id = then_seen.customer_id and complaints.business_date = then_seen.business_date
left join daily as later_seen
    on
        complaints.customer_id = later_seen.customer_id
        and date_add(complaints.business_date, 30) = later_seen.business_date
