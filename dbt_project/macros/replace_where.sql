{#
  Our incremental strategy: the rows of the business dates being built make way for the new ones, in one commit.
  dbt-spark's own strategies do not fit: `merge` leaves ghosts after a restatement, `insert_overwrite` on an unpartitioned
  Delta table replaces everything, `microbatch` costs one query a day.
#}
{% macro dbt_spark_validate_get_incremental_strategy(raw_strategy, file_format) %}
  {% if raw_strategy not in ['append', 'merge', 'insert_overwrite', 'microbatch', 'replace_where'] %}
    {% do exceptions.raise_compiler_error('Unknown incremental strategy ' ~ raw_strategy ~ '; ours is replace_where') %}
  {% endif %}
  {% if raw_strategy == 'replace_where' and file_format != 'delta' %}
    {% do exceptions.raise_compiler_error('replace_where needs file_format delta') %}
  {% endif %}
  {% do return(raw_strategy) %}
{% endmacro %}

{% macro dbt_spark_get_incremental_sql(strategy, source, target, existing, unique_key, incremental_predicates) %}
  {%- if strategy == 'replace_where' -%}
    {%- set date_column = config.get('date_column', 'business_date') -%}
    {%- set columns = adapter.get_columns_in_relation(target) | map(attribute='quoted') | join(', ') -%}
    insert into {{ target }}
    replace where {{ date_column }} between date'{{ built_from() }}' and date'{{ built_to() }}'
    select {{ columns }} from {{ source }}
  {%- elif strategy == 'append' -%}
    {{ get_insert_into_sql(source, target) }}
  {%- elif strategy == 'merge' -%}
    {{ get_merge_sql(target, source, unique_key, dest_columns=none, incremental_predicates=incremental_predicates) }}
  {%- else -%}
    {{ get_insert_overwrite_sql(source, target, existing) }}
  {%- endif -%}
{% endmacro %}

{# First and last date to build. They change every day: as variables of the project they would make dbt read all of it again, so they come
   from the environment, and only when a query is made. #}
{% macro built_from() -%}
  {{ env_var('OXPECKER_BUILD_FROM', '1900-01-01') if execute else '1900-01-01' }}
{%- endmacro %}
{% macro built_to() -%}
  {{ env_var('OXPECKER_BUILD_TO', '9999-12-31') if execute else '9999-12-31' }}
{%- endmacro %}

{# The dates to build, as a condition on a column; for the first build of an incremental model all dates are built. #}
{% macro in_built_dates(column='business_date') -%}
  {%- if is_incremental() -%}
    {{ column }} between date'{{ built_from() }}' and date'{{ built_to() }}'
  {%- else -%}
    {{ column }} <= date'{{ built_to() }}'
  {%- endif -%}
{%- endmacro %}
