package io.dunlin.launcher.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RemoteShellTest {
    @Test
    void shouldPutItsWordsBeforeTheCommand() {
        assertThat(new RemoteShell("ssh {host}").command("10.0.0.2", 1, List.of("/opt/jdk/bin/java", "-Xmx128m")))
                .containsExactly("ssh", "10.0.0.2", "/opt/jdk/bin/java", "-Xmx128m");
        assertThat(new RemoteShell("  ip netns exec  h-{index} ").command("x", 3, List.of("true")))
                .containsExactly("ip", "netns", "exec", "h-3", "true");
    }

    /** ssh hands the command to a shell, others do not: what needs quotes cannot be right for both. */
    @ParameterizedTest
    @ValueSource(strings = {"/home/my user/dunlin", "a;b", "$HOME", "it's", "*", "", "~/x", "a&b", "(x)"})
    void shouldRefuseWhatAShellWouldChange(String word) {
        assertThatThrownBy(() -> new RemoteShell("ssh {host}").command("h", 0, List.of("java", word)))
                .isInstanceOfSatisfying(LaunchException.class, failure -> assertThat(failure.code())
                        .isEqualTo("DUN-220"))
                .hasMessageContaining("'" + word + "'");
    }
}
