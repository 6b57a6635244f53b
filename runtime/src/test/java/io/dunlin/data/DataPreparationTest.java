package io.dunlin.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataPreparationTest {
    private static final Tokenizer BYTE = Tokenizer.named("byte");
    private static final Instant NOW = Instant.now();

    @TempDir
    @SuppressWarnings("NullAway.Init") // set before each test
    Path folder;

    private Path cache;
    private Path texts;
    private Path javaHome;

    @BeforeEach
    void makeFolders() throws IOException {
        cache = folder.resolve("cache");
        texts = Files.createDirectories(folder.resolve("texts"));
        javaHome = Files.createDirectories(folder.resolve("jdk"));
    }

    @Test
    void shouldKeepTheTailOfASingleTextApart() throws IOException {
        String text = "0123456789".repeat(100) + "end";
        PreparedData data = prepare(Files.writeString(texts.resolve("one.txt"), text), 0.05);

        assertThat(text(data.train())).isEqualTo(text.substring(0, 953));
        assertThat(text(data.validation().orElseThrow())).isEqualTo(text.substring(953));
        assertThat(data.counts()).isEqualTo(new PreparedData.Counts(1, 0, 1003, 953, 50, 2 * 144 + 2 * 1003));
        assertThat(data.tokenizer()).isEqualTo("byte");
        assertThat(data.origin()).isEqualTo(PreparedData.Origin.PREPARED);
        assertThat(data.remarks()).isEmpty();
    }

    @Test
    void shouldKeepNothingApartIfNotAskedTo() throws IOException {
        PreparedData data = prepare(Files.writeString(texts.resolve("one.txt"), "all of it"), 0);

        assertThat(text(data.train())).isEqualTo("all of it");
        assertThat(data.validation()).isEmpty();
    }

    @Test
    void shouldReadAFolderInOrderOfNames() throws IOException {
        Files.createDirectories(texts.resolve("b/.git"));
        Files.writeString(texts.resolve("b/.git/config"), "hidden");
        Files.writeString(texts.resolve("b/2.txt"), "second");
        Files.writeString(texts.resolve("c.md"), "third");
        Files.writeString(texts.resolve("a.java"), "first");
        Files.writeString(texts.resolve("empty.txt"), "");
        Files.write(texts.resolve("image.png"), new byte[] {(byte) 0x89, 'P', 0, 1});
        Files.writeString(
                texts.resolve("d.jsonl"), "{\"text\": \"four\\u00e9\"}\n\n{\"id\": 5, \"text\": \"fifth\"}\n");

        PreparedData data = prepare(texts, 0);

        assertThat(text(data.train())).isEqualTo("first\nsecond\nthird\nfour\u00e9\nfifth");
        assertThat(data.counts().documents()).isEqualTo(5);
        assertThat(data.counts().skippedFiles()).isEqualTo(1);
        assertThat(data.remarks()).containsExactly("1 file is not text and left out, the first is image.png");
    }

    @Test
    void shouldReadAZip() throws IOException {
        Path zip = zip(texts.resolve("text.zip"), Map.of("b/two.txt", "two", "a/one.txt", "one", ".hidden", "no"));

        assertThat(text(prepare(zip, 0).train())).isEqualTo("one\ntwo");
    }

    @Test
    void shouldKeepWholeDocumentsApartWhereThereAreMany() throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 2000; i++) {
            lines.append("{\"text\": \"<%04d>\"}\n".formatted(i));
        }
        PreparedData data = prepare(Files.writeString(texts.resolve("many.jsonl"), lines), 0.1);

        List<String> train = text(data.train()).lines().toList();
        List<String> validation = text(data.validation().orElseThrow()).lines().toList();
        assertThat(validation.size()).isBetween(140, 260); // mean 200, deviation 13
        assertThat(Stream.concat(train.stream(), validation.stream()).sorted())
                .isEqualTo(
                        IntStream.range(0, 2000).mapToObj("<%04d>"::formatted).toList());
        assertThat(train).isSorted();
        assertThat(validation).isSorted();
    }

    @Test
    void shouldFillValidationUpFromTheTailWhereDocumentsAreFew() throws IOException {
        Files.writeString(texts.resolve("1.txt"), "a".repeat(500));
        Files.writeString(texts.resolve("2.txt"), "b".repeat(500));

        PreparedData data = prepare(texts, 0.2);

        assertThat(text(data.train())).isEqualTo("a".repeat(500) + "\n" + "b".repeat(300));
        assertThat(text(data.validation().orElseThrow())).isEqualTo("b".repeat(200));
    }

    @Test
    void shouldEncodeALongTextAsOne() throws IOException {
        Tokenizer gpt2 = Tokenizer.named("gpt2");
        StringBuilder text = new StringBuilder();
        for (int i = 0; text.length() < 2_500_000; i++) {
            text.append("Line ").append(i).append(" isn't  the last;\n").append(i % 7 == 0 ? "\n\n" : "  \u00e9");
        }
        Path file = Files.writeString(texts.resolve("long.txt"), text);

        PreparedData data = preparation().prepare(TextRequest.of(file.toString(), gpt2, 0));

        try (TokenShard shard = TokenShard.open(data.train())) {
            assertThat(IntStream.range(0, (int) shard.count()).map(shard::token).toArray())
                    .isEqualTo(gpt2.encode(text.toString().getBytes(StandardCharsets.UTF_8)));
            assertThat(shard.tokenizer()).contains("gpt2");
        }
    }

    @Test
    void shouldStopAtTheLimit() throws IOException {
        Files.writeString(texts.resolve("1.txt"), "aaaa");
        Files.writeString(texts.resolve("2.txt"), "bbbb");
        Files.writeString(texts.resolve("3.txt"), "cccc");

        PreparedData data = preparation().prepare(new TextRequest(texts.toString(), BYTE, 0, 6));

        assertThat(text(data.train())).isEqualTo("aaaa\nbb");
        assertThat(data.counts().textBytes()).isEqualTo(6);
    }

    @Test
    void shouldReadTheSourcesOfTheJavaLibraryWithoutLicences() throws IOException {
        Files.createDirectories(javaHome.resolve("lib"));
        zip(
                javaHome.resolve("lib/src.zip"),
                Map.of(
                        "java.base/java/util/List.java", "/*\n * Licence\n */\n\npackage java.util;\n",
                        "java.base/java/lang/Object.java", "/** Doc. */\npackage java.lang;\n",
                        "java.base/java/lang/notes.txt", "no",
                        "java.desktop/java/awt/Image.java", "no"));

        PreparedData data = preparation().prepare(TextRequest.of("jdk-source", BYTE, 0));

        assertThat(text(data.train())).isEqualTo("/** Doc. */\npackage java.lang;\n\npackage java.util;\n");
        assertThat(data.remarks()).isEmpty();
    }

    @Test
    void shouldStandInTheProjectForAMissingLibrary() throws IOException {
        Files.writeString(texts.resolve("Mine.java"), "class Mine {}\n");
        Files.writeString(texts.resolve("README.md"), "no");

        PreparedData data = preparation().prepare(TextRequest.of("jdk-source", BYTE, 0));

        assertThat(text(data.train())).isEqualTo("class Mine {}\n");
        assertThat(data.remarks())
                .containsExactly("%s has no lib/src.zip: the text is the 1 .java files in %s instead"
                        .formatted(javaHome, texts));
    }

    @Test
    void shouldFindEnoughInThisJdk() {
        Path home = Path.of(System.getProperty("java.home"));
        assumeThat(home.resolve("lib/src.zip")).exists();

        PreparedData data = new DataPreparation(cache, home, texts, Progress.NONE, InstantSource.system())
                .prepare(TextRequest.of("jdk-source", BYTE, 0.05));

        assertThat(data.counts().trainTokens()).isBetween(15_000_000L, 60_000_000L);
        double share = (double) data.counts().validationTokens()
                / (data.counts().trainTokens() + data.counts().validationTokens());
        assertThat(share).isBetween(0.025, 0.1);
        assertThat(text(data.train())).startsWith("package java.io;").doesNotContain("GNU General Public License");
    }

    @Test
    void shouldFindTheSameTextInTheCache() throws IOException {
        Path file = Files.writeString(texts.resolve("one.txt"), "text ".repeat(100));
        PreparedData first = prepare(file, 0.1);
        PreparedData second = prepare(file, 0.1);

        assertThat(second.remarks()).isEmpty();
        assertThat(second.origin()).isEqualTo(PreparedData.Origin.CACHED);
        assertThat(second.train()).isEqualTo(first.train());
        assertThat(second.counts()).isEqualTo(first.counts());

        assertThat(prepare(file, 0.2).origin()).isEqualTo(PreparedData.Origin.PREPARED);
        Files.writeString(file, "other".repeat(100));
        Files.setLastModifiedTime(file, FileTime.from(NOW.plusSeconds(5)));
        assertThat(text(prepare(file, 0.1).train())).startsWith("other");
    }

    @Test
    void shouldPrepareAgainWhatIsDamagedInTheCache() throws IOException {
        Path file = Files.writeString(texts.resolve("one.txt"), "text ".repeat(100));
        PreparedData first = prepare(file, 0.1);
        byte[] damaged = Files.readAllBytes(first.train());
        damaged[200] ^= 1;
        Files.write(first.train(), damaged);

        PreparedData second = prepare(file, 0.1);
        assertThat(second.origin()).isEqualTo(PreparedData.Origin.PREPARED);
        assertThat(second.remarks())
                .singleElement()
                .asString()
                .startsWith("prepared again: " + first.train() + " is damaged: CRC32C");
        assertThat(text(second.train())).hasSize(450);

        Files.writeString(second.train().resolveSibling("prepared.txt"), "dunlin prepared-data 1\nnonsense\n");
        assertThat(prepare(file, 0.1).remarks())
                .singleElement()
                .asString()
                .endsWith("prepared.txt is missing or damaged");
        Files.delete(second.train());
        assertThat(prepare(file, 0.1).remarks()).singleElement().asString().contains("there is no such file");
        assertThat(prepare(file, 0.1).origin()).isEqualTo(PreparedData.Origin.CACHED);
        assertThat(names(cache)).hasSize(1);
    }

    @Test
    void shouldLetSeveralRunsPrepareAtOnce() throws Exception {
        Path file = Files.writeString(texts.resolve("one.txt"), "text ".repeat(100_000));
        int runs = 4;
        CyclicBarrier start = new CyclicBarrier(runs);
        try (ExecutorService threads = Executors.newFixedThreadPool(runs)) {
            List<Future<PreparedData>> results = IntStream.range(0, runs)
                    .mapToObj(run -> threads.submit(() -> {
                        start.await();
                        return prepare(file, 0.1);
                    }))
                    .toList();
            for (Future<PreparedData> result : results) {
                assertThat(text(result.get().train())).hasSize(450_000);
                assertThat(result.get().counts())
                        .isEqualTo(results.getFirst().get().counts());
            }
        }
        assertThat(names(cache)).hasSize(1);
    }

    @Test
    void shouldRemoveWhatKilledRunsLeftADayAgo() throws IOException {
        Path old = Files.createDirectories(cache.resolve("old.1-1.tmp"));
        Path recent = Files.createDirectories(cache.resolve("recent.1-1.tmp"));
        Path half = Files.writeString(old.resolve("train.bin.1-1.tmp"), "half");
        Files.setLastModifiedTime(half, FileTime.from(NOW.minusSeconds(90_000)));
        Files.setLastModifiedTime(old, FileTime.from(NOW.minusSeconds(90_000)));

        prepare(Files.writeString(texts.resolve("one.txt"), "text"), 0);

        assertThat(old).doesNotExist();
        assertThat(recent).exists();
    }

    @Test
    void shouldSayWhereThereIsNoText() throws IOException {
        Path empty = Files.writeString(texts.resolve("empty.txt"), "");
        Path binary = Files.write(Files.createDirectories(folder.resolve("bin")).resolve("x.bin"), new byte[8]);
        Path nothing = Files.createDirectories(folder.resolve("nothing"));

        failsWith("DUN-603", empty, "data.text = \"%s\" holds no text: 0 bytes in 1 file".formatted(empty));
        failsWith(
                "DUN-603",
                binary,
                "data.text = \"%s\" holds no text: its 1 file is not text (the first: %s)".formatted(binary, binary));
        failsWith("DUN-603", nothing, "data.text = \"%s\" holds no text: there is no file in it".formatted(nothing));
        Path missing = folder.resolve("missing.txt");
        failsWith("DUN-602", missing, "data.text = \"%s\": there is no file or folder %s".formatted(missing, missing));
        assertThat(names(cache)).isEmpty();
    }

    @Test
    void shouldNameTheLineThatIsWrong() throws IOException {
        Path file = Files.writeString(texts.resolve("bad.jsonl"), "{\"text\": \"fine\"}\n{\"text\": 5}\n");

        failsWith("DUN-605", file, file + ":2: its \"text\" is not a string");
        assertThat(names(cache)).isEmpty();
    }

    @Test
    void shouldNameAZipThatIsDamaged() throws IOException {
        Path zip = zip(texts.resolve("text.zip"), Map.of("one.txt", "0123456789".repeat(1000)));
        byte[] bytes = Files.readAllBytes(zip);
        bytes[50] ^= 0x55;
        Files.write(zip, bytes);
        Path noZip = Files.writeString(texts.resolve("no.zip"), "not a zip at all");

        failsWith("DUN-602", zip, "cannot be read");
        failsWith("DUN-602", noZip, noZip + " cannot be read");
        assertThat(names(cache)).isEmpty();
    }

    @Test
    void shouldLeaveNothingHalfWrittenOnAFullDisk() throws IOException {
        Configuration small = Configuration.unix().toBuilder()
                .setMaxSize(6 << 20)
                .setBlockSize(4096)
                .build();
        try (FileSystem disk = Jimfs.newFileSystem(small)) {
            Path text = Files.writeString(disk.getPath("/text.txt"), "0123456789".repeat(300_000));
            Path cacheThere = disk.getPath("/cache");
            DataPreparation preparation =
                    new DataPreparation(cacheThere, javaHome, texts, Progress.NONE, InstantSource.fixed(NOW));

            assertThatThrownBy(() -> preparation.prepare(TextRequest.of(text.toString(), BYTE, 0.05)))
                    .asInstanceOf(InstanceOfAssertFactories.type(DataException.class))
                    .extracting(
                            DataException::code, failure -> failure.exitCode().number())
                    .containsExactly("DUN-610", 3);
            try (Stream<Path> left = Files.walk(cacheThere)) {
                assertThat(left).containsExactly(cacheThere);
            }
        }
    }

    @Test
    void shouldRefuseASplitThatMakesNoSense() {
        for (double validation : new double[] {-0.1, 0.6, Double.NaN}) {
            assertThatThrownBy(() -> TextRequest.of("x", BYTE, validation))
                    .isInstanceOf(DataException.class)
                    .hasMessage("data.validation = %s is not between 0 and 0.5".formatted(validation));
        }
    }

    private DataPreparation preparation() {
        return new DataPreparation(cache, javaHome, texts, Progress.NONE, InstantSource.fixed(NOW));
    }

    private PreparedData prepare(Path text, double validation) {
        return preparation().prepare(TextRequest.of(text.toString(), BYTE, validation));
    }

    private void failsWith(String code, Path text, String message) {
        assertThatThrownBy(() -> prepare(text, 0))
                .hasMessageContaining(message)
                .asInstanceOf(InstanceOfAssertFactories.type(DataException.class))
                .extracting(DataException::code)
                .isEqualTo(code);
    }

    private static Path zip(Path file, Map<String, String> entries) throws IOException {
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
            for (Map.Entry<String, String> entry :
                    new TreeMap<>(entries).descendingMap().entrySet()) {
                zip.putNextEntry(new ZipEntry(entry.getKey()));
                zip.write(entry.getValue().getBytes(StandardCharsets.UTF_8));
            }
        }
        return file;
    }

    private static String text(Path shardFile) {
        try (TokenShard shard = TokenShard.open(shardFile)) {
            shard.verify(Progress.NONE);
            int[] tokens =
                    IntStream.range(0, (int) shard.count()).map(shard::token).toArray();
            return new String(BYTE.decode(tokens), StandardCharsets.UTF_8);
        }
    }

    private static List<String> names(Path parent) throws IOException {
        if (!Files.exists(parent)) {
            return List.of();
        }
        try (Stream<Path> list = Files.list(parent)) {
            return list.map(Path::toString).toList();
        }
    }
}
