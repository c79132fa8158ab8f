select
    calendar_date,
    cast(trunc(calendar_date, 'MM') as date) as month_date,
    is_working_day,
    day_kind_code,
    holiday_name,
    is_market_day
from {{ source('silver', 'calendar') }}
