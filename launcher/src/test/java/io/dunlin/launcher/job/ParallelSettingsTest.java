package io.dunlin.launcher.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.quant.Rounding;
import io.dunlin.parallel.mesh.ShardDegrees;
import io.dunlin.parallel.shard.Quantization;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How a job file says that models are sharded, and with how many bits. */
final class ParallelSettingsTest extends JobFileFixture {
    @Test
    void shouldReadHowModelsAreSharded() throws IOException {
        Job job = load("job.toml", DATA).job();
        assertThat(job.parallel().shard()).isEqualTo(ShardDegrees.REPLICATED);
        assertThat(job.parallel().topology()).isEmpty();

        String given = DATA + "[parallel]\nshard = \"zero++\"\ntopology = \"2x4\"\n[launch]\nranks = 8\n";
        Job sharded = load("job.toml", given).job();
        assertThat(sharded.parallel().shard()).isEqualTo(ShardDegrees.ZERO_PLUS_PLUS);
        assertThat(sharded.parallel().topology()).isEqualTo("2x4");
        assertThat(load("job.toml", DATA, "parallel.shard=topo", "parallel.topology=2x2x2", "launch.ranks=8")
                        .toml())
                .contains("shard = \"topo\"", "topology = \"2x2x2\"");
        assertThat(load("job.toml", DATA, "parallel.shard=none-host-cluster").toml())
                .contains("shard = \"none-host-cluster\"");
    }

    @ParameterizedTest
    @CsvSource({
        "DUN-102,shard = \"zero4\",2,'[parallel.shard] expects \"none\" or \"zero1\" or'",
        "DUN-102,shard = \"host-none-cluster\",2,'[parallel.shard] expects \"none\" or \"zero1\" or'",
        "DUN-102,topology = \"2*4\",2,'[parallel.topology] expects HOSTSxRANKS or HOSTSxPACKAGESxRANKS'",
        "DUN-112,topology = \"2x3\",2,'[parallel.topology] 2x3 = 6 ranks, but launch.ranks = 8'"
    })
    void shouldPointAtAShardingThatCannotBe(String code, String line, int at, String what) throws IOException {
        JobFileException caught = caught("job.toml", "[parallel]\n" + line + "\n[launch]\nranks = 8\n" + DATA);

        assertThat(caught.code()).isEqualTo(code);
        assertThat(caught.getMessage().replace(folder + "/", "")).startsWith("job.toml:" + at + ":1  " + what);
    }

    @Test
    void shouldAskForThePackagesThatAShardingNeeds() throws IOException {
        JobFileException caught =
                caught("job.toml", "[parallel]\ntopology = \"2x4\"\nshard = \"topo\"\n[launch]\nranks = 8\n" + DATA);

        assertThat(caught.code()).isEqualTo("DUN-534");
        assertThat(caught.getMessage().replace(folder + "/", "")).startsWith("job.toml:3:1  [parallel.shard] ");
        assertThat(caught.remedy()).contains("2x2x2");
    }

    @Test
    void shouldSendFewerBitsWhereThatMeansSomething() throws IOException {
        Job job = load(
                        "job.toml",
                        DATA,
                        "parallel.shard=zero++",
                        "parallel.zero_quantized_weights=true",
                        "parallel.zero_quantized_gradients=true")
                .job();
        assertThat(job.parallel().quantization()).isEqualTo(Quantization.ZERO_PLUS_PLUS);

        Quantization all = load(
                        "job.toml",
                        DATA,
                        "parallel.shard=topo",
                        "parallel.topology=1x1x2",
                        "launch.ranks=2",
                        "train.precision=bf16",
                        "parallel.zero_quantized_gradients=true",
                        "parallel.zero_quantized_refresh=true",
                        "parallel.zero_quantized_block=64",
                        "parallel.zero_quantized_snr_db=11.5",
                        "parallel.zeropp_loco_param={ err_beta = 0.75, reset_T = 512 }")
                .job()
                .parallel()
                .quantization();
        assertThat(all)
                .isEqualTo(new Quantization(
                        0,
                        4,
                        8,
                        new Quantization.Coding(64, Rounding.NEAREST_EVEN, 0),
                        new Quantization.Feedback(0.75, 512),
                        new Quantization.Fallback(11.5, 16)));

        JobFileException caught = caught("job.toml", "[parallel]\nzero_quantized_weights = true\n" + DATA);
        assertThat(caught.code()).isEqualTo("DUN-535");
        assertThat(caught.getMessage().replace(folder + "/", ""))
                .startsWith("job.toml:2:1  [parallel.zero_quantized_weights] ");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "DUN-535 | shard = \"zero3\"; zero_quantized_refresh = true | zero_quantized_refresh",
                "DUN-535 | shard = \"zero1\"; zero_quantized_refresh = true | zero_quantized_refresh",
                "DUN-535 | shard = \"zero3\"; zeropp_loco_param.err_beta = 0.8 | zeropp_loco_param.err_beta",
                "DUN-102 | shard = \"zero3\"; zeropp_loco_param.err_beta = 1 | zeropp_loco_param.err_beta",
                "DUN-102 | shard = \"zero3\"; zero_quantized_block = 63 | zero_quantized_block",
                "DUN-102 | shard = \"zero3\"; zero_quantized_snr_db = -1 | zero_quantized_snr_db"
            })
    void shouldRefuseQuantisationThatCannotBe(String code, String lines, String key) throws IOException {
        JobFileException caught = caught("job.toml", "[parallel]\n" + lines.replace("; ", "\n") + "\n" + DATA);

        assertThat(caught.code()).isEqualTo(code);
        assertThat(caught.getMessage().replace(folder + "/", "")).startsWith("job.toml:3:1  [parallel." + key + "] ");
    }

    @ParameterizedTest
    @CsvSource({
        "DUN-534,topo,'[\"a:4\", \"b:4\"]'",
        "DUN-533,hsdp,'[\"a:3\", \"b:5\"]'",
        "DUN-533,hsdp,'[\"a\", \"b\", \"c\"]'"
    })
    void shouldRefuseShardsThatTheHostsOfTheJobCannotHave(String code, String shard, String hosts) throws IOException {
        JobFileException caught = caught(
                "job.toml",
                "[parallel]\nshard = \"%s\"\n[launch]\nranks = 8\nhosts = %s\n%s".formatted(shard, hosts, DATA));

        assertThat(caught.code()).isEqualTo(code);
        assertThat(caught.getMessage().replace(folder + "/", "")).startsWith("job.toml:2:1  [parallel.shard] ");
    }

    @Test
    void shouldTakeShardsThatTheHostsOfTheJobCanHave() throws IOException {
        String unlike = "[launch]\nranks = 8\nhosts = [\"a:3\", \"b:5\"]\n" + DATA;
        String alike = "[launch]\nranks = 8\nhosts = [\"a:6\", \"b:5\"]\n" + DATA;

        assertThat(load("job.toml", unlike, "parallel.shard=zero3")
                        .job()
                        .launch()
                        .ranks())
                .isEqualTo(8);
        assertThat(load("job.toml", alike, "parallel.shard=hsdp").job().launch().ranks())
                .isEqualTo(8);
    }

    @Test
    void shouldSayOnceThatHostsAreTooSmall() throws IOException {
        JobFileException caught = caught(
                "job.toml", "[parallel]\nshard = \"hsdp\"\n[launch]\nranks = 8\nhosts = [\"a:3\", \"b:4\"]\n" + DATA);

        assertThat(caught.code()).isEqualTo("DUN-118");
        assertThat(caught.getMessage().lines()).hasSize(1);
    }
}
