with files as (
    select * from {{ source('ops', 'delivery_file') }}
)

select
    file_id,
    source_code,
    feed_code,
    business_date,
    sequence_no,
    state_code,
    reason_code,
    arrived_at,
    rows_declared,
    rows_found,
    quarantined_cnt,
    is_required
from files
