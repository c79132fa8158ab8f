with verdicts as (
    select * from {{ source('ops', 'quality_verdict') }}
),

newest as (
    select
        *,
        max(judged_at) over (partition by gate_code, table_name, to_date) as newest_at
    from verdicts
)

select
    gate_code,
    table_name,
    to_date,
    count(*) as checks_cnt,
    count_if(verdict_code = 'fail') as failed_cnt,
    count_if(verdict_code = 'warn') as warned_cnt
from newest
where judged_at = newest_at
group by gate_code, table_name, to_date
