package io.dunlin.launcher.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What cannot be measured is said before anything is started. */
final class BenchCommandsTest {
    private final RecordedTerminal recorded = new RecordedTerminal();
    private final CommandLineTool tool = new CommandLineTool(recorded.terminal(), "io.dunlin.launcher.Dunlin");

    @ParameterizedTest
    @CsvSource({
        "--op,all-reduces,all-to-all",
        "--ranks,1,2 to 64",
        "--transport,tcp,loopback",
        "--dtype,fp32,bf16",
        "--min,1X,256M",
        "--min,1G,at most --max",
        "--max,99999999999G,256M",
        "--factor,1,2 or more",
        "--algorithm,fastest,'auto, direct'",
        "--tune,/none/algorithms.txt,a folder where it can be written",
        "--seconds-per-size,0,positive"
    })
    void shouldSayWhatAnOptionExpects(String option, String value, String expected) {
        assertThat(tool.run("bench", "collectives", option, value)).isEqualTo(2);
        assertThat(recorded.err())
                .startsWith("DUN-100  " + option + " expects ")
                .contains(expected, "found " + value)
                .doesNotContain("\tat ");
    }

    @ParameterizedTest
    @CsvSource({
        "broadcast,shared,f32,ring,'auto, direct, chain, shared for broadcast of f32 over shared','reduce-scatter, all-gather'",
        "all-reduce,ipc,f32,shared,'direct, owners, ring',nothing between these ranks",
        "all-reduce,ipc,bf16,ring,'auto, direct, owners for all-reduce of bf16','does all-gather'",
        "'all-reduce,send-receive',udp,f32,direct,auto for send-receive,'all-to-all, broadcast'",
        "all-reduce,udp,f32,hierarchical,halving-doubling,nothing between these ranks"
    })
    void shouldRefuseWhatAnAlgorithmCannotDo(
            String op, String transport, String dtype, String algorithm, String possible, String does) {
        int status = tool.run(
                "bench",
                "collectives",
                "--op",
                op,
                "--transport",
                transport,
                "--dtype",
                dtype,
                "--algorithm",
                algorithm);

        assertThat(status).isEqualTo(2);
        assertThat(recorded.err())
                .startsWith("DUN-100  --algorithm expects one of ")
                .contains(possible, "found " + algorithm + ", which does", does);
    }

    @Test
    void shouldMeasureAllAlgorithmsOrOne() {
        assertThat(tool.run("bench", "collectives", "--tune", "t.txt", "--algorithm", "ring"))
                .isEqualTo(2);
        assertThat(recorded.err()).startsWith("DUN-100  --tune expects no --algorithm");
    }

    @Test
    void shouldTuneOnlyWhereThereIsAChoice() {
        assertThat(tool.run("bench", "collectives", "--tune", "t.txt", "--op", "send-receive,barrier"))
                .isEqualTo(2);
        assertThat(recorded.err()).startsWith("DUN-100  --tune expects an --op that can be done in several ways");
    }

    @Test
    void shouldNotMeasureForADamagedTable(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("algorithms.txt"), "dunlin algorithms 1\n");

        assertThat(tool.run("bench", "collectives", "--tune", file.toString())).isEqualTo(2);
        assertThat(recorded.err()).startsWith("DUN-707  ").contains("algorithms.txt:");
    }

    @Test
    void shouldLookAtTheFileForTheResultFirst(@TempDir Path folder) {
        Path file = folder.resolve("none/result.json");
        assertThat(tool.run("bench", "collectives", "--json", file.toString())).isEqualTo(2);
        assertThat(tool.run("bench", "link", "--json", folder.toString())).isEqualTo(2);
        assertThat(recorded.err())
                .startsWith("DUN-100  --json: " + file + " cannot be written: there is no folder ")
                .contains("DUN-100  --json: " + folder + " cannot be written: it is a folder");
    }

    @Test
    void shouldReadSizesInPowersOf1024() {
        assertThat(BenchOptions.bytes("--min", "64")).isEqualTo(64);
        assertThat(BenchOptions.bytes("--min", "1K")).isEqualTo(1024);
        assertThat(BenchOptions.bytes("--min", "3MiB")).isEqualTo(3 << 20);
        assertThat(BenchOptions.bytes("--min", "2g")).isEqualTo(2L << 30);
    }

    @Test
    void shouldSayWhatLinkExpects() {
        assertThat(tool.run("bench", "link", "--seconds", "-1")).isEqualTo(2);
        assertThat(recorded.err()).startsWith("DUN-100  --seconds expects a positive number");
    }

    @ParameterizedTest
    @CsvSource({
        "device,--device,gpu,'cpu, cuda or auto'",
        "device,--size,huge,'small, medium or large'",
        "device,--seconds,0,a positive number",
        "step,--device,gpu,'cpu, cuda or auto'",
        "step,--precision,f32,fp32 or bf16",
        "step,--recompute,all,none or layer"
    })
    void shouldSayWhatMeasurementsOfADeviceExpect(String verb, String option, String value, String expected) {
        assertThat(tool.run("bench", verb, option, value)).isEqualTo(2);
        assertThat(recorded.err())
                .startsWith("DUN-100  " + option + " expects " + expected + ", found " + value)
                .contains("dunlin bench " + verb + " --help");
    }
}
