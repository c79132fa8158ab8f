{# The grain of a mart: no two rows share its key. Gives counts and no values, because failures end up in logs. #}
{% test grain(model, columns) %}
  select repeated_rows
  from (
    select count(*) as repeated_rows
    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
  ) as repeated
{% endtest %}
