package io.dunlin.launcher.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dunlin.data.Tokenizer;
import io.dunlin.error.ExitCode;
import io.dunlin.launcher.job.LaunchSettings.TransportKind;
import io.dunlin.launcher.job.OptimizerSettings.ScheduleKind;
import io.dunlin.model.Family;
import io.dunlin.model.Precision;
import io.dunlin.model.Recompute;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a job file says, and what it may not say. */
final class JobFileTest extends JobFileFixture {
    @Test
    void shouldFillInEveryValueThatTheFileDoesNotGive() throws IOException {
        Job job = load("job.toml", DATA).job();

        assertThat(job.run().name()).isEqualTo("job");
        assertThat(job.run().seed()).isEqualTo(1337);
        assertThat(job.model().preset()).isEqualTo("debug");
        assertThat(job.train().precision()).isEqualTo(Precision.F32);
        assertThat(job.train().tokensPerStep())
                .isEqualTo(job.train().microBatch() * job.model().context());
        assertThat(job.optimizer().betas()).containsExactly(0.9, 0.95);
        assertThat(job.optimizer().schedule().finalShare()).isEqualTo(0.1);
        assertThat(job.parallel().dp()).isEqualTo(new Degree.Rest());
        assertThat(job.checkpoint().interval()).isEqualTo(new Interval.Steps(500));
        assertThat(job.launch().grace()).isEqualTo(Duration.ofSeconds(120));
    }

    @Test
    void shouldCountRanksBySlotsWhereNobodyGivesThem() throws IOException {
        assertThat(load("job.toml", DATA + "[launch]\nhosts = [\"a\", \"b:3\"]\n")
                        .job()
                        .launch()
                        .ranks())
                .isEqualTo(4);
        assertThat(load("job.toml", DATA + "[launch]\nranks = 2\nhosts = [\"a\", \"b:3\"]\n")
                        .job()
                        .launch()
                        .ranks())
                .isEqualTo(2);
    }

    @Test
    void shouldRefuseMoreRanksThanSlots() throws IOException {
        String hosts = DATA + "[launch]\nhosts = [\"a:1\", \"b:2\"]\n";

        assertThat(caught("job.toml", hosts, "launch.ranks=4"))
                .hasMessageContaining("4 ranks do not fit into the 3 slots of launch.hosts = [\"a:1\", \"b:2\"]");
        assertThat(caught("job.toml", hosts, "launch.transport=ipc"))
                .hasMessageContaining("shared memory does not reach other hosts");
    }

    @Test
    void shouldReadEveryKindOfValue() throws IOException {
        Job job = load("job.toml", """
                        schema = 1
                        [model]
                        preset = "llama-debug"
                        heads = 8
                        norm_epsilon = 1e-6
                        [data]
                        train = "a/*.bin"
                        shuffle = false
                        [train]
                        tokens_per_step = 2_048
                        precision = "bf16"
                        recompute = "layer"
                        [optimizer]
                        clip = 1
                        betas = [0.9, 0.99]
                        schedule = { kind = "constant", warmup = 7, final = 0.0 }
                        [checkpoint]
                        interval = "20m"
                        [parallel]
                        dp = 2
                        [launch]
                        ranks = 2
                        transport = "udp"
                        backoff = "250ms"
                        """).job();

        assertThat(job.model().family()).isEqualTo(Family.LLAMA);
        assertThat(job.model().normEpsilon()).isEqualTo(1e-6f);
        assertThat(job.data().train()).isEqualTo(folder + "/a/*.bin");
        assertThat(job.data().shuffle()).isFalse();
        assertThat(job.train().tokensPerStep()).isEqualTo(2048);
        assertThat(job.train().precision()).isEqualTo(Precision.BF16);
        assertThat(job.train().recompute()).isEqualTo(Recompute.LAYER);
        assertThat(job.optimizer().clip()).isEqualTo(1.0);
        assertThat(job.optimizer().schedule().kind()).isEqualTo(ScheduleKind.CONSTANT);
        assertThat(job.optimizer().schedule().warmup()).isEqualTo(7);
        assertThat(job.optimizer().schedule().finalShare()).isZero();
        assertThat(job.checkpoint().interval()).isEqualTo(new Interval.Every(Duration.ofMinutes(20)));
        assertThat(job.parallel().dp()).isEqualTo(new Degree.Of(2));
        assertThat(job.launch().transport()).isEqualTo(TransportKind.UDP);
        assertThat(job.launch().backoff()).isEqualTo(Duration.ofMillis(250));
    }

    @Test
    void shouldNameTheKeyThatWasProbablyMeant() throws IOException {
        assertThat(failure("job.toml", DATA + "[parallel]\n\ndpp = 2\n"))
                .startsWith(
                        "job.toml:5:1  [parallel.dpp] unknown key 'dpp'. Did you mean 'dp'? Known here: dp shard topology zero_quantized_weights zero_quantized_gradients zero_quantized_refresh zero_quantized_block zero_quantized_snr_db bucket_mib zeropp_loco_param");
    }

    @Test
    void shouldPointToTheTableWhereTheKeyBelongs() throws IOException {
        assertThat(failure("job.toml", "steps = 5\n" + DATA))
                .startsWith(
                        "job.toml:1:1  [steps] unknown key 'steps'. Did you mean 'train.steps'? Known here: schema");
    }

    @Test
    void shouldListAllMistakesAtOnce() throws IOException {
        assertThat(failure("job.toml", DATA + "[optimiser]\nlr = 1\n[train]\nsteps = \"many\"\nprecision = \"bf61\"\n"))
                .isEqualTo("""
                        job.toml:3:1  [optimiser] unknown table 'optimiser'. Did you mean 'optimizer'? Known here: \
                        schema run model data train optimizer parallel checkpoint eval launch timeouts observe
                        DUN-102  job.toml:6:1  [train.steps] expects a whole number, found "many"
                        DUN-102  job.toml:7:1  [train.precision] expects "fp32" or "bf16", found "bf61". \
                        Did you mean "bf16"?""");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "train.steps=0       | must be at least 1, found 0",
                "train.steps=1.5     | expects a whole number, found 1.5",
                "train.micro_batch=3000000000 | must be at most 2147483647, found 3000000000",
                "optimizer.lr=0.0    | must be larger than 0, found 0.0",
                "optimizer.lr=nan    | must be a finite number, found NaN",
                "optimizer.lr=.5     | expects a number, found \".5\"",
                "optimizer.betas=0.9 | expects a list such as [0.9, 0.95], found 0.9",
                "optimizer.betas=[0.9] | expects two numbers below 1 such as [0.9, 0.95], found [0.9]",
                "run.deterministic=yes | expects true or false, found \"yes\"",
                "timeouts.step=100   | expects a time such as \"100s\", \"20m\" or \"1h\", found 100",
                "timeouts.step=0s    | expects a time such as \"100s\", \"20m\" or \"1h\", found \"0s\"",
                "checkpoint.interval=-1 | expects a number of steps such as 500, or a time such as \"20m\", found -1",
                "parallel.dp=0       | expects a number of ranks from 1, or \"rest\", found 0",
                "data.validation=0.9 | must be at most 0.5, found 0.9",
                "data.tokenizer=bpe  | unknown tokenizer 'bpe'. There are: byte gpt2",
                "train=7             | is a table with the keys: steps tokens_per_step",
                "train.device=gpu    | expects \"cpu\" or \"cuda\" or \"auto\", found \"gpu\"",
                "run.name=a/b        | becomes a folder's name",
            })
    void shouldSayWhatIsExpected(String set, String expected) throws IOException {
        String key = set.substring(0, set.indexOf('='));
        assertThat(failure("job.toml", DATA, set)).startsWith("--set " + set + "  [" + key + "] " + expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "DUN-111 | model.heads=5 | heads = 5 does not divide width = 64      possible heads: 1 2 4 8 16 32 64",
                "DUN-113 | model.kv_heads=2 | kv_heads = 2, but a gpt has one for each of its 4 heads",
                "DUN-115 | train.tokens_per_step=900000000000 | tokens_per_step = 900000000000 are more than 2^31 samples of context 64",
                "DUN-116 | data.tokenizer=gpt2 | the model knows 256 tokens, but tokenizer gpt2 makes 50257",
                "DUN-112 | parallel.dp=3 | layout does not fit the world: dp 3 = 3 ranks, but launch.ranks = 1",
                "DUN-118 | launch.hosts=['a b'] | expects names or addresses",
                "DUN-118 | launch.hosts=['a', 'b:2', 'a:1'] | names a host twice",
                "DUN-117 | data.train=x.bin | data.text and data.train are both given",
                "DUN-110 | model.preset=gpt2-124 | unknown preset 'gpt2-124'. Did you mean 'gpt2-124m'?",
            })
    void shouldRefuseValuesThatContradictEachOther(String code, String set, String expected) throws IOException {
        JobFileException failure = caught("job.toml", DATA, set);

        assertThat(failure.code()).isEqualTo(code);
        assertThat(failure.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(failure).hasMessageStartingWith("--set " + set).hasMessageContaining(expected);
    }

    @Test
    void shouldSayWhatToTrainOnWhenNothingIsGiven() throws IOException {
        JobFileException failure = caught("job.toml", "");

        assertThat(failure.code()).isEqualTo("DUN-117");
        assertThat(failure).hasMessage("nothing to train on: neither data.text nor data.train is given");
        assertThat(failure.remedy()).contains("--set data.text=");
    }

    @Test
    void shouldLetTheFileWinOverItsParentKeyByKey() throws IOException {
        write("base/gpt.toml", DATA + "[train]\nsteps = 10\nmicro_batch = 2\n[optimizer]\nschedule.warmup = 3\n");
        ResolvedJob resolved = load(
                "job.toml",
                "extends = \"base/gpt.toml\"\n[train]\nsteps = 20\n[optimizer]\nschedule.kind = \"constant\"\n",
                "train.steps=30",
                "train.steps=40");

        assertThat(resolved.job().train().steps()).isEqualTo(40);
        assertThat(resolved.job().train().microBatch()).isEqualTo(2);
        assertThat(resolved.job().optimizer().schedule().warmup()).isEqualTo(3);
        assertThat(resolved.job().optimizer().schedule().kind()).isEqualTo(ScheduleKind.CONSTANT);
        assertThat(resolved.origin("train.steps").text()).isEqualTo("--set");
        assertThat(resolved.origin("train.micro_batch").text())
                .endsWith("base/gpt.toml:5")
                .doesNotContain("..");
        assertThat(resolved.origin("optimizer.schedule.kind").text()).endsWith("job.toml:5");
        assertThat(resolved.origin("optimizer.clip").text()).isEqualTo("default");
        assertThat(resolved.origin("model.width").text()).isEqualTo("preset debug");
    }

    @Test
    void shouldFindACircleOfParents() throws IOException {
        write("a.toml", "extends = \"b.toml\"\n" + DATA);

        assertThat(failure("b.toml", "\nextends = \"a.toml\"\n"))
                .startsWith("a.toml:1:1  [extends] b.toml is already among the files that lead here");
    }

    @Test
    void shouldNameAParentThatIsNotThere() throws IOException {
        assertThat(failure("job.toml", "extends = \"none.toml\"\n" + DATA))
                .isEqualTo("job.toml:1:1  [extends] no such file: none.toml");
    }

    @Test
    void shouldNameAFileThatIsNotThere() {
        assertThatThrownBy(() -> JobFile.load(folder.resolve("none.toml"), List.of()))
                .isInstanceOf(JobFileException.class)
                .hasMessageStartingWith("no such job file: ");
    }

    @Test
    void shouldPointAtTheCharacterWhereTomlEnds() throws IOException {
        assertThat(caught("job.toml", "[train\nsteps = 1\n").code()).isEqualTo("DUN-104");
        assertThat(failure("job.toml", "[train\nsteps = 1\n")).startsWith("job.toml:1:7  ");
    }

    @Test
    void shouldAskForTheQuotesThatAreMissing() throws IOException {
        assertThat(caught("job.toml", "[data]\ntext = jdk-source\n").remedy())
                .isEqualTo("text needs quotes: key = \"text\"");
        assertThat(caught("job.toml", "[data\n").remedy()).isEmpty();
    }

    @Test
    void shouldRefuseAFileOfANewerSchemaBeforeAnythingElse() throws IOException {
        assertThat(failure("job.toml", "schema = 2\nnews = 1\n"))
                .isEqualTo("job.toml:1:1  [schema] this Dunlin knows job files up to schema 1, found 2");
    }

    @ParameterizedTest
    @ValueSource(strings = {"train.steps", "=3", "train.steps=[1", "train.=1"})
    void shouldExplainASetThatIsNoKeyAndValue(String set) throws IOException {
        assertThat(caught("job.toml", DATA, set).code()).isEqualTo("DUN-108");
    }

    @Test
    void shouldTakeBareWordsAndNumbersAsText() throws IOException {
        Job job = load("job.toml", DATA, "data.text=some/text.txt", "run.name=7", "eval.sample.prompt=public class")
                .job();

        assertThat(job.data().text()).isEqualTo(folder + "/some/text.txt");
        assertThat(job.run().name()).isEqualTo("7");
        assertThat(job.eval().sample().prompt()).isEqualTo("public class");
    }

    @Test
    void shouldScaleWhatFollowsFromAnOverriddenSize() throws IOException {
        ResolvedJob gpt = load("job.toml", DATA, "model.width=128", "model.heads=8");
        assertThat(gpt.job().model().hidden()).isEqualTo(512);
        assertThat(gpt.origin("model.hidden").text()).isEqualTo("4 x width");
        assertThat(gpt.job().model().kvHeads()).isEqualTo(8);

        ResolvedJob llama = load("job.toml", DATA, "model.family=llama", "model.heads=8");
        assertThat(llama.job().model().preset()).isEqualTo("llama-debug");
        assertThat(llama.job().model().kvHeads()).isEqualTo(4);
        assertThat(llama.origin("model.kv_heads").text()).isEqualTo("heads / 2");
    }

    @Test
    void shouldReadItsOwnResolvedFileBackToTheSameJob() throws IOException {
        ResolvedJob first = load(
                "job.toml",
                DATA,
                "checkpoint.interval=90s",
                "launch.backoff=1500ms",
                "model.family=llama",
                "optimizer.lr=0.00012",
                "eval.sample.prompt=say \"hi\" \\ twice",
                "run.deterministic=true");
        Job again = load("runs/x/job.toml", first.toml()).job();

        assertThat(again).isEqualTo(first.job());
        assertThat(JobFile.parse(first.toml()).job()).isEqualTo(first.job());
    }

    @Test
    void shouldWriteTheOriginBehindEachValue() throws IOException {
        String toml = load("job.toml", DATA + "[train]\nsteps = 100\n", "optimizer.lr=3e-4")
                .toml()
                .replace(folder + "/", "");

        assertThat(toml.lines().map(line -> line.replaceAll(" +", " ")))
                .contains(
                        "schema = 1 # default",
                        "[optimizer.schedule]",
                        "final = 0.1 # default",
                        "lr = 3e-4 # --set",
                        "steps = 100 # job.toml:4",
                        "width = 64 # preset debug",
                        "grace = \"120s\" # default",
                        "tokens_per_step = 512 # micro_batch x context");
    }

    @ParameterizedTest
    @ValueSource(strings = {"byte", "gpt2"})
    void shouldKnowHowManyTokensATokenizerMakes(String name) throws IOException {
        int tokens = Tokenizer.named(name).vocabulary();

        assertThat(Tokenizer.names()).containsExactlyInAnyOrder("byte", "gpt2");
        assertThat(load("job.toml", DATA, "data.tokenizer=" + name, "model.vocab=" + tokens)
                        .job()
                        .model()
                        .vocab())
                .isEqualTo(tokens);
        assertThat(failure("job.toml", DATA, "data.tokenizer=" + name, "model.vocab=" + (tokens - 1)))
                .contains("tokenizer " + name + " makes " + tokens);
    }

    @Test
    void shouldDescribeEveryKeyInOneSentence() {
        assertThat(new JobSchema().describe()).hasSizeGreaterThan(50).allSatisfy(key -> {
            assertThat(key.sentence()).isNotBlank().doesNotEndWith(".");
            assertThat(key.standard()).isNotBlank();
        });
    }
}
