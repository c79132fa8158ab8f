with newest as (
    select
        *,
        row_number() over (partition by org_code order by valid_from desc) as recency_no
    from {{ source('silver', 'org_hist') }}
    where {{ is_believed() }}
)

select
    org_code,
    org_name,
    level_code,
    parent_org_code,
    merged_into_org_code
from newest
where recency_no = 1
