{# Rows of a history table that are believed now. #}
{% macro is_believed(alias=none) -%}
  {{ alias ~ '.' if alias else '' }}known_to = timestamp'9999-12-31 00:00:00'
{%- endmacro %}
