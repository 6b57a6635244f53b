package io.dunlin.launcher.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class CommandLineToolTest {
    private final RecordedTerminal recorded = new RecordedTerminal();
    private final CommandLineTool tool = new CommandLineTool(recorded.terminal(), "io.dunlin.launcher.Dunlin");

    @Test
    void shouldListTheVerbsInItsHelp() {
        assertThat(tool.run("--help")).isZero();
        assertThat(recorded.out()).contains("Usage: dunlin", "explain");
        assertThat(recorded.err()).isEmpty();
    }

    @Test
    void shouldSayItsVersion() {
        assertThat(tool.run("--version")).isZero();
        assertThat(recorded.out()).matches("dunlin \\d+\\.\\d+\\.\\S+( \\(\\w+\\))?, Java 25\\S*\\R");
    }

    @Test
    void shouldAnswerAMisspelledVerbWithTheNearestOne() {
        assertThat(tool.run("explian", "DUN-101")).isEqualTo(2);
        assertThat(recorded.err()).isEqualTo("""
                        DUN-100  Unmatched arguments from index 0: 'explian', 'DUN-101'
                                 did you mean explain?  all that is possible: dunlin --help
                                 more: dunlin explain DUN-100
                        """);
    }

    @Test
    void shouldAnswerAMisspelledOption() {
        assertThat(tool.run("explain", "--tarce")).isEqualTo(2);
        assertThat(recorded.err()).contains("DUN-100  Unknown option: '--tarce'", "--trace", "dunlin explain --help");
    }

    @Test
    void shouldExplainACodeHoweverItIsWritten() {
        assertThat(tool.run("explain", "dun-101")).isZero();
        assertThat(recorded.out()).startsWith("DUN-101  A key that the job file does not have\n\nEvery key");
        assertThat(tool.run("explain", "101")).isZero();
    }

    @Test
    void shouldNameTheNearestCode() {
        assertThat(tool.run("explain", "DUN-1011")).isEqualTo(2);
        assertThat(recorded.err()).startsWith("DUN-109  there is no error code DUN-1011. Did you mean DUN-101?");
    }

    @Test
    void shouldShowNoStackTraceOfBadInputUnlessAsked() {
        tool.run("explain", "DUN-999");
        assertThat(recorded.err()).doesNotContain("\tat ");
        tool.run("explain", "DUN-999", "--trace");
        assertThat(recorded.err()).contains("\tat io.dunlin");
    }
}
