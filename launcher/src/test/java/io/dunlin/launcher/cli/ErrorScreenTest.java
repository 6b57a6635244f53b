package io.dunlin.launcher.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.error.ExitCode;
import io.dunlin.launcher.report.Style;
import org.junit.jupiter.api.Test;

final class ErrorScreenTest {
    private final ErrorScreen screen = new ErrorScreen(Style.PLAIN, false);

    @Test
    void shouldShowCodeReasonAndRemedyOnOneScreen() {
        CliException failure = new CliException("DUN-130", "no such run: x\nlooked in runs", "try: dunlin status last");

        assertThat(screen.of(failure)).isEqualTo("""
                        DUN-130  no such run: x
                                 looked in runs
                                 try: dunlin status last
                                 more: dunlin explain DUN-130
                        """);
        assertThat(ErrorScreen.exitCode(failure)).isEqualTo(ExitCode.USAGE);
    }

    @Test
    void shouldSetFurtherCodesBelowTheFirst() {
        assertThat(screen.of("DUN-101", "a\nDUN-102  b", "")).startsWith("DUN-101  a\nDUN-102  b\n");
    }

    @Test
    void shouldCallABugABugAndShowItsTrace() {
        assertThat(screen.of(new IllegalStateException("broken")))
                .startsWith("java.lang.IllegalStateException: broken\n\tat io.dunlin")
                .contains("This is a bug in dunlin");
        assertThat(ErrorScreen.exitCode(new IllegalStateException())).isEqualTo(ExitCode.BUG);
    }

    @Test
    void shouldColourOnlyWhereColoursAreSeen() {
        assertThat(new ErrorScreen(Style.COLOURED, false).of("DUN-101", "a", ""))
                .startsWith("\u001b[31;1mDUN-101\u001b[0m");
    }
}
