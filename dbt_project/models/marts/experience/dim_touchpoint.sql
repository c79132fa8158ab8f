select
    touchpoint_code,
    touchpoint_name,
    touchpoint_name_en,
    channel_code,
    journey_code,
    stage_no,
    journey_name,
    owner_name,
    is_journey_entry,
    is_journey_exit
from {{ source('silver', 'touchpoint') }}
