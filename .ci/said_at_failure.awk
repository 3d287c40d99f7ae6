# Of the log of one part: what each failed test printed, its first and its last lines, and every line that tells
# (-v telling=REGEX) what else went wrong.
BEGIN { first_max = 14; last_max = 12; width_max = 220 }

function show(line) { print substr(line, 1, width_max) }

function end_of_test(    i, from) {
    if (!inside) return
    inside = 0
    from = count - last_max > first_max ? count - last_max : first_max
    if (from > first_max) show("  (" from - first_max " lines)")
    for (i = from + 1; i <= count; ++i)
        if (lines[i] !~ telling) show(lines[i])  # else it was shown where it stood
}

/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: |^ +Start +[0-9]+: |% tests passed, / { end_of_test() }

/\*\*\*(Failed|Timeout|Exception)/ {
    inside = 1
    count = 0
    show($0)
    next
}

inside {
    if ($0 == "") next
    lines[++count] = $0
    if (count <= first_max || $0 ~ telling) show($0)
    next
}

$0 ~ telling { show($0) }

END { end_of_test() }
