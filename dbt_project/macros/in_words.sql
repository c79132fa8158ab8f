{# An array of codes as one text in the words of a code list (the marts job hands them over as variable), same order; a code without words stays. #}
{% macro in_words(column, language, separator) -%}
    {%- set words = var('churn_reasons') -%}
    {%- if words is mapping and words -%}
array_join(transform({{ column }}, code -> coalesce(element_at(map(
    {%- for code, told in words.items() -%}
        '{{ code }}', '{{ told[language] | replace("'", "\\'") }}'{{ ', ' if not loop.last }}
    {%- endfor -%}
), code), code)), '{{ separator }}')
    {%- else -%}
array_join({{ column }}, '{{ separator }}')
    {%- endif -%}
{%- endmacro %}
{# What the bank wants with a tier, in the words of conf/codes/tier_goal.csv (the marts job hands them over as variable); null without a tier. #}
{% macro goal_of(tier) -%}
    {%- set goals = var('tier_goals') -%}
case {{ tier }}
    {%- if goals is mapping -%}
        {%- for code, goal in goals.items() %} when '{{ code }}' then '{{ goal }}'{%- endfor %}
    {%- else %} when '' then ''
    {%- endif %} end
{%- endmacro %}
