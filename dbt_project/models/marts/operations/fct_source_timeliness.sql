with files as (
    select * from {{ source('ops', 'delivery_file') }}
),

deadlines as (
    select * from {{ source('ops', 'deadline') }}
)

select
    files.file_id,
    files.source_code,
    files.feed_code,
    files.business_date,
    files.sequence_no,
    files.state_code,
    files.reason_code,
    files.arrived_at,
    deadlines.due_at,
    deadlines.state_code as timeliness_code,
    deadlines.late_minutes,
    files.rows_declared,
    files.rows_found,
    files.quarantined_cnt,
    files.is_required
from files
left join deadlines
    on files.feed_code = deadlines.subject_code and files.business_date = deadlines.business_date
