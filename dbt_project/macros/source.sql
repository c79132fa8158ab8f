{#
  During a run the tables that models read stand as views of the server over the files they had when the build began: all models see one
  state of them, and Delta need not be asked for it table by table. By hand (`dbt build`) models read the tables themselves.
#}
{% macro source(source_name, table_name) %}
  {%- set relation = builtins.source(source_name, table_name) -%}
  {%- if var('by_view') -%}
    {%- set relation = relation.incorporate(path={'schema': 'global_temp', 'identifier': var('prefix') ~ source_name ~ '__' ~ table_name}) -%}
  {%- endif -%}
  {%- do return(relation) -%}
{% endmacro %}
