{%- set rules = var('experience') -%}
{%- set acts = rules['behaviour'] -%}
{%- set weights = rules['weights'] -%}

with events as (
    select customer_id, business_date, touchpoint_code, event_id, occurred_at, kind_code, result_code
    from {{ source('profile', 'b_event') }}
    where business_date <= date'{{ built_to() }}' and customer_id is not null
),

scores as (
    select * from {{ source('profile', 'x_score') }}
    where business_date <= date'{{ built_to() }}' and is_counted
),

exposures as (
    select * from {{ source('profile', 's_exposure') }}
    where business_date <= date'{{ built_to() }}'
),

touchpoints as (
    select * from {{ source('silver', 'touchpoint') }}
),

-- X: what was said of the touchpoint.
said as (
    select touchpoint_code, business_date, avg(value_score) as x_score, count(distinct response_id) as answer_cnt
    from scores
    where touchpoint_code is not null
    group by touchpoint_code, business_date
),

-- S: what each customer met there, then the mean of the customers.
binned as (
    select
        touchpoint_code,
        business_date,
        customer_id,
        {{ binned('latency_p95_ms', rules['latency_bins']) }} as latency_score,
        {{ binned('try_divide(error_cnt, request_cnt)', rules['error_bins']) }} as error_score,
        {{ binned('wait_max_secs', rules['wait_bins']) }} as wait_score
    from exposures
),

suffered as (
    select
        touchpoint_code,
        business_date,
        avg({{ mean_of(['latency_score', 'error_score', 'wait_score']) }}) as s_score
    from binned
    group by touchpoint_code, business_date
),

-- B: an instance is what one customer did at one touchpoint on one day; its last event tells how it ended.
instances as (
    select
        touchpoint_code,
        business_date,
        customer_id,
        max(occurred_at) as ended_at,
        max_by(result_code, struct(occurred_at, event_id)) as ended_as,
        count_if(result_code in ('fail', 'abandoned')) as failed_cnt
    from events
    where touchpoint_code is not null
    group by touchpoint_code, business_date, customer_id
),

cries as (
    select customer_id, occurred_at as cried_at, touchpoint_code as cried_where from events
    where kind_code = 'call'
    union all
    select customer_id, received_at as cried_at, 'complaint_desk' as cried_where
    from {{ source('profile', 'x_complaint') }}
    where customer_id is not null
),

followed as (
    select distinct instances.touchpoint_code, instances.business_date, instances.customer_id
    from instances
    inner join cries
        on
            instances.customer_id = cries.customer_id
            and instances.touchpoint_code <> cries.cried_where
            and cries.cried_at > instances.ended_at
            and cries.cried_at <= instances.ended_at + interval {{ acts['follow_hours'] }} hours
),

judged as (
    select
        instances.touchpoint_code,
        instances.business_date,
        instances.customer_id,
        greatest(
            case
                when instances.ended_as in ('fail', 'abandoned') then {{ acts['dropped'] }}
                when instances.ended_as is null then {{ acts['open'] }}
                else {{ acts['completed'] }}
            end
            -- A failure that was not the end was followed by another try.
            + {{ acts['per_repeat'] }} * least(
                instances.failed_cnt - if(instances.ended_as in ('fail', 'abandoned'), 1, 0), {{ acts['repeats_max'] }}
            )
            + if(followed.customer_id is null, 0, {{ acts['followed_by_complaint'] }}),
            0
        ) as instance_score
    from instances
    left join followed
        on
            instances.touchpoint_code = followed.touchpoint_code
            and instances.business_date = followed.business_date
            and instances.customer_id = followed.customer_id
),

did as (
    select touchpoint_code, business_date, avg(instance_score) as b_score
    from judged
    group by touchpoint_code, business_date
),

people as (
    select touchpoint_code, business_date, count(distinct customer_id) as served_cnt
    from (
        select touchpoint_code, business_date, customer_id from exposures
        union all
        select touchpoint_code, business_date, customer_id from instances
        union all
        select touchpoint_code, business_date, customer_id from scores
        where touchpoint_code is not null
    ) as met
    group by touchpoint_code, business_date
),

parts as (
    select
        people.touchpoint_code,
        people.business_date,
        people.served_cnt,
        coalesce(said.answer_cnt, 0) as answer_cnt,
        cast(said.x_score as decimal(18, 10)) as x_score,
        cast(suffered.s_score as decimal(18, 10)) as s_score,
        cast(did.b_score as decimal(18, 10)) as b_score,
        if(said.x_score is null, 0, {{ weights['x'] }}) as x_weight,
        if(suffered.s_score is null, 0, {{ weights['s'] }}) as s_weight,
        if(did.b_score is null, 0, {{ weights['b'] }}) as b_weight
    from people
    left join said on people.touchpoint_code = said.touchpoint_code and people.business_date = said.business_date
    left join suffered
        on people.touchpoint_code = suffered.touchpoint_code and people.business_date = suffered.business_date
    left join did on people.touchpoint_code = did.touchpoint_code and people.business_date = did.business_date
),

weighed as (
    select
        *,
        (x_weight + s_weight + b_weight) / ({{ weights['x'] }} + {{ weights['s'] }} + {{ weights['b'] }}) as coverage,
        coalesce(x_score * x_weight, 0) + coalesce(s_score * s_weight, 0) + coalesce(b_score * b_weight, 0) as total
    from parts
)

select
    weighed.touchpoint_code,
    weighed.business_date,
    touchpoints.journey_code,
    weighed.x_score,
    weighed.s_score,
    weighed.b_score,
    '{{ rules['weight_method'] }}' as weight_method_code,
    cast(weighed.x_weight as decimal(9, 6)) as x_weight_ratio,
    cast(weighed.s_weight as decimal(9, 6)) as s_weight_ratio,
    cast(weighed.b_weight as decimal(9, 6)) as b_weight_ratio,
    cast(weighed.coverage as decimal(9, 6)) as coverage_ratio,
    case
        when weighed.coverage >= {{ rules['min_coverage'] }}
            then cast(weighed.total / (weighed.x_weight + weighed.s_weight + weighed.b_weight) as decimal(18, 10))
    end as journey_score,
    case
        when
            weighed.x_score >= {{ rules['said_fine_suffered']['x_min'] }}
            and least(weighed.s_score, weighed.b_score) < {{ rules['said_fine_suffered']['worse_below'] }}
            then 'said_fine_suffered'
        when
            weighed.x_score < {{ rules['said_bad_served_well']['x_below'] }}
            and weighed.s_score >= {{ rules['said_bad_served_well']['s_min'] }}
            and weighed.b_score >= {{ rules['said_bad_served_well']['b_min'] }}
            then 'said_bad_served_well'
    end as contradiction_code,
    weighed.served_cnt,
    weighed.answer_cnt,
    weighed.served_cnt < {{ rules['small_n'] }} as is_weak
from weighed
left join touchpoints on weighed.touchpoint_code = touchpoints.touchpoint_code
