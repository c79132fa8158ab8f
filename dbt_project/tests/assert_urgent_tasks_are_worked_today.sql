-- Rule: priority 1 is never put off for want of capacity. A count only, because failures end up in logs.
select count(*) as tasks_cnt
from {{ ref('fct_rm_worklist') }}
where priority_code = '1' and first_reason_code = 'capacity'
having count(*) > 0
