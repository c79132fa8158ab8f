-- Rule: a manager works on so many tasks a day; priority 1 comes on top. Counts only, because failures end up in logs.
select count(*) as tasks_cnt
from {{ ref('fct_rm_worklist') }}
where is_within_capacity and priority_code <> '1'
group by manager_staff_id, business_date
having count(*) > {{ var('manager_capacity') }}
