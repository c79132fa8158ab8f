{# The grain of a mart: no two rows share its key, and none lacks what must be there. Gives counts and no values, because failures end up in logs. #}
{% test grain(model, columns, filled) %}
  select
    repeated_rows,
    unfilled_rows
  from (
    select
      count(*) as repeated_rows,
      count_if({{ filled | join(' is null or ') }} is null) as unfilled_rows
    from {{ model }}
    group by {{ columns | join(', ') }}
  ) as keys_found
  where repeated_rows > 1 or unfilled_rows > 0
{% endtest %}
