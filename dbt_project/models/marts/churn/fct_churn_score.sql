select
    customer_id,
    as_of_date,
    score_ratio,
    band_code,
    reason_codes,
    {{ in_words('reason_codes', 'zh', '；') }} as reasons_zh_text,
    {{ in_words('reason_codes', 'en', '; ') }} as reasons_en_text,
    nullif({{ in_words('slice(reason_codes, 1, 1)', 'action_zh', '') }}, '') as action_zh_text,
    nullif({{ in_words('slice(reason_codes, 1, 1)', 'action_en', '') }}, '') as action_en_text,
    model_version,
    support_days,
    is_scored
from {{ source('profile', 'a_model_score') }}
where model_code = 'churn'
