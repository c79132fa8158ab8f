select
    touchpoint_code,
    touchpoint_name,
    touchpoint_name_en,
    channel_code,
    journey_code,
    stage_no
from {{ source('silver', 'touchpoint') }}
