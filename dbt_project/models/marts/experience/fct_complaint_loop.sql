with steps as (
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
    coalesce(steps.step_cnt, 0) as step_cnt,
    complaints.is_appealed,
    complaints.csat_value,
    then_seen.aum_cny as aum_received_cny,
    later_seen.aum_cny as aum_later_cny
from complaints
left join steps on complaints.complaint_no_cmpl = steps.complaint_no_cmpl
left join daily as then_seen
    on complaints.customer_id = then_seen.customer_id and complaints.business_date = then_seen.business_date
left join daily as later_seen
    on
        complaints.customer_id = later_seen.customer_id
        and date_add(complaints.business_date, 30) = later_seen.business_date
