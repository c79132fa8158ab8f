with newest as (
    select
        *,
        row_number() over (partition by product_code, source_code order by valid_from desc) as recency_no
    from {{ source('silver', 'product_hist') }}
    where {{ is_believed() }}
)

select
    product_code,
    source_code,
    product_name,
    product_kind_code,
    risk_level_code,
    term_days,
    currency_code,
    is_open,
    auto_roll_rule_code
from newest
where recency_no = 1
