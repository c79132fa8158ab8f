select
    customer_id,
    as_of_date,
    score_ratio,
    band_code,
    reason_codes,
    model_version,
    support_days,
    is_scored
from {{ source('profile', 'a_model_score') }}
where model_code = 'churn'
