package io.dunlin.launcher.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.launcher.place.Installation;
import java.io.IOException;
import java.nio.file.Files;
import org.junit.jupiter.api.Test;

final class JobFilePageTest {
    /** Where it fails: put what {@code dunlin explain keys} prints below the heading. */
    @Test
    void shouldEndWithEveryKeyAsTheRecordsDescribeIt() throws IOException {
        String page = Files.readString(Installation.current().home().resolve("docs/job-file.md"));
        String heading = "## All keys\n\n";

        assertThat(page).contains(heading);
        assertThat(page.substring(page.indexOf(heading) + heading.length())).isEqualTo(JobKeys.markdown());
    }
}
