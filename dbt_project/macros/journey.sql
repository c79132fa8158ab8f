{# Score of a value by bins [[up to and including, score], …]; beyond the last 0, of nothing nothing. #}
{% macro binned(value, bins) -%}
  case
    when {{ value }} is null then null
    {%- for upto, score in bins %}
    when {{ value }} <= {{ upto }} then {{ score }}
    {%- endfor %}
    else 0
  end
{%- endmacro %}

{# Mean of those of the columns that are not null; null where all are. #}
{% macro mean_of(columns) -%}
  (
    {%- for column in columns %}coalesce({{ column }}, 0){{ ' + ' if not loop.last }}{% endfor -%}
  ) / nullif(
    {%- for column in columns %}if({{ column }} is null, 0, 1){{ ' + ' if not loop.last }}{% endfor -%}
  , 0)
{%- endmacro %}
