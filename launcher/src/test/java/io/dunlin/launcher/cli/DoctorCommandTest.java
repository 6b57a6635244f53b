package io.dunlin.launcher.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class DoctorCommandTest {
    private final RecordedTerminal recorded = new RecordedTerminal();
    private final CommandLineTool tool = new CommandLineTool(recorded.terminal(), "io.dunlin.launcher.Dunlin");

    @Test
    void shouldExamineThisMachineForTheBundledRecipe() {
        int exit = tool.run("doctor", "--ranks", "1");

        assertThat(recorded.err()).isEmpty();
        assertThat(recorded.out()
                        .lines()
                        .map(line -> line.replaceAll(" {2,}.*", ""))
                        .filter(line -> !line.isEmpty()))
                .startsWith("Host", "Java", "Vector API", "Kernels", "GPU", "Cores", "Memory");
        assertThat(recorded.out()).containsPattern("Java +ok");
        assertThat(exit).isEqualTo(recorded.out().contains("FAIL") ? 3 : 0);
    }

    @Test
    void shouldFailWithTheExitCodeOfTheEnvironment() {
        assertThat(tool.run("doctor", "--set", "model.width=60000", "--set", "model.layers=100"))
                .isEqualTo(3);
        assertThat(recorded.out()).containsPattern("Memory +FAIL").contains("not ready to train on");
    }

    @Test
    void shouldNameTheRecipesWhereThereIsNoSuchJob() {
        assertThat(tool.run("doctor", "jdk-sourc")).isEqualTo(2);
        assertThat(recorded.err())
                .startsWith("DUN-105  there is no job file jdk-sourc, and no recipe of that name")
                .contains("did you mean jdk-source?", "recipes: gpt2-124m jdk-source llama-debug");
    }
}
