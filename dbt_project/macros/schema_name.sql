{# Physical schema = lake's prefix + layer, so that several lakes live beside each other in one server. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
  {{ var('prefix') }}{{ custom_schema_name or target.schema }}
{%- endmacro %}
