-- Rule: each hit of an if-then rule has exactly one outcome, and a list of tasks holds none that was suppressed (invariant I6).
with shown as (
    select rule_hit_id, outcome_code from {{ ref('fct_rule_outcome') }}
),

doubtful as (
    select rule_hit_id
    from shown
    group by rule_hit_id
    having count(*) <> 1 or count_if(outcome_code in ('sent', 'queued', 'suppressed')) <> 1
    union all
    select listed.rule_hit_id
    from {{ ref('fct_rm_worklist') }} as listed
    left join shown on listed.rule_hit_id = shown.rule_hit_id
    where coalesce(shown.outcome_code, 'suppressed') = 'suppressed'
)

select count(*) as hits_cnt
from doubtful
having count(*) > 0
