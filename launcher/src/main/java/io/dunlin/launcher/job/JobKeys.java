package io.dunlin.launcher.job;

import java.util.List;
import java.util.stream.Collectors;

/** All keys of the job file as a page: what documentation and {@code dunlin explain keys} show. */
public final class JobKeys {
    private JobKeys() {}

    /** A table for each section, in Markdown. */
    public static String markdown() {
        List<JobSchema.Description> all = new JobSchema().describe();
        List<String> sections =
                all.stream().map(JobSchema.Description::section).distinct().toList();
        return sections.stream().map(section -> table(section, all)).collect(Collectors.joining("\n"));
    }

    private static String table(String section, List<JobSchema.Description> all) {
        String title = section.isEmpty() ? "At the top" : "`[" + section + "]`";
        return "### " + title + "\n\n| key | default | |\n|---|---|---|\n"
                + all.stream()
                        .filter(key -> key.section().equals(section))
                        .map(key -> "| `%s` | %s | %s |\n".formatted(key.name(), key.standard(), key.sentence()))
                        .collect(Collectors.joining());
    }
}
