package io.dunlin.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dunlin.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.assertj.core.api.InstanceOfAssertFactories;

class TokenBatchSourceTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final Tokenizer WIDE = new TestTokenizer("numbers", 100_000);

    @SuppressWarnings("NullAway.Init") // set before all tests
    private static Path folder;

    @BeforeContainer
    static void makeFolder() throws IOException {
        folder = Files.createTempDirectory("token-batch-source");
    }

    @AfterContainer
    static void removeFolder() throws IOException {
        Folders.delete(folder);
    }

    @Example
    void shouldReadInOrderAsDefined() {
        int context = 4;
        try (TokenBatchSource source = source(BatchPlan.of(context, 2, 12), SampleOrder.inOrder(), 30)) {
            assertThat(source.samplesPerEpoch()).isEqualTo(7); // (30 - 1) / 4
            Batch batch = source.next(DataPosition.START, Share.ALL);

            assertThat(batch.globalMicroBatches()).isEqualTo(2);
            assertThat(batch.globalTargets()).isEqualTo(12);
            assertThat(batch.next()).isEqualTo(new DataPosition(0, 3));
            assertThat(rows(batch.microBatches().getFirst().tokens()))
                    .containsExactly(List.of(0, 1, 2, 3), List.of(4, 5, 6, 7));
            assertThat(rows(batch.microBatches().getFirst().targets()))
                    .containsExactly(List.of(1, 2, 3, 4), List.of(5, 6, 7, 8));
            assertThat(rows(batch.microBatches().getLast().tokens()))
                    .containsExactly(List.of(8, 9, 10, 11), List.of(0, 0, 0, 0));
            assertThat(rows(batch.microBatches().getLast().targets()))
                    .containsExactly(List.of(9, 10, 11, 12), List.of(-1, -1, -1, -1));
        }
    }

    @Example
    void shouldWrapIntoTheNextPassInsideAStep() {
        try (TokenBatchSource source = source(BatchPlan.of(4, 8, 32), SampleOrder.inOrder(), 13)) {
            assertThat(source.samplesPerEpoch()).isEqualTo(3);
            Batch batch = source.next(new DataPosition(2, 1), Share.ALL);

            assertThat(rows(batch.microBatches().getFirst().tokens()).stream().map(List::getFirst))
                    .containsExactly(4, 8, 0, 4, 8, 0, 4, 8);
            assertThat(batch.next()).isEqualTo(new DataPosition(5, 0));
        }
    }

    @Example
    void shouldUseEachSampleOfAPassOnceAndInAnotherOrderInTheNext() {
        try (TokenBatchSource source = source(BatchPlan.of(2, 3, 6), SampleOrder.shuffled(5), 41)) {
            List<Integer> firsts = new ArrayList<>();
            DataPosition position = DataPosition.START;
            while (position.epoch() < 2 || position.sample() < 10) {
                Batch batch = source.next(position, Share.ALL);
                rows(batch.microBatches().getFirst().tokens()).forEach(row -> firsts.add(row.getFirst()));
                position = batch.next();
            }
            assertThat(firsts.subList(0, 20)).doesNotHaveDuplicates();
            assertThat(firsts.subList(20, 40)).hasSameElementsAs(firsts.subList(0, 20));
            assertThat(firsts.subList(20, 40)).isNotEqualTo(firsts.subList(0, 20));
        }
    }

    @Property(tries = 100)
    void shouldGiveTheSameSamplesOnAnyNumberOfRanks(
            @ForAll @IntRange(min = 1, max = 9) int shares,
            @ForAll @IntRange(min = 1, max = 5) int microBatch,
            @ForAll @IntRange(min = 1, max = 40) int samples,
            @ForAll @IntRange(max = 60) int start,
            @ForAll long seed) {
        BatchPlan plan = BatchPlan.of(3, microBatch, samples * 3L);
        DataPosition position = new DataPosition(1, start);
        SampleOrder order = SampleOrder.shuffled(seed);
        List<List<Integer>> alone = new ArrayList<>();
        Batch whole;
        try (TokenBatchSource source = source(plan, order, 100, 3, 101)) {
            whole = source.next(position, Share.ALL);
            whole.microBatches().forEach(part -> alone.addAll(both(part)));
        }

        List<List<Integer>> together = new ArrayList<>();
        int expected = 0;
        try (TokenBatchSource source = source(plan, order, 100, 3, 101)) {
            for (int share = 0; share < shares; share++) {
                Batch batch = source.next(position, Share.of(share, shares));
                assertThat(batch.next()).isEqualTo(whole.next());
                assertThat(batch.globalMicroBatches()).isEqualTo(whole.globalMicroBatches());
                assertThat(batch.globalTargets()).isEqualTo(samples * 3L);
                assertThat(batch.runBegin()).isEqualTo(expected);
                for (MicroBatch part : batch.microBatches()) {
                    assertThat(part.index()).isEqualTo(expected++);
                    together.addAll(both(part));
                }
            }
        }
        assertThat(expected).isEqualTo(plan.microBatches());
        assertThat(together).isEqualTo(alone);
    }

    @Property(tries = 50)
    void shouldTeachTheSameWhateverTheMicroBatch(@ForAll @IntRange(min = 1, max = 30) int microBatch) {
        try (TokenBatchSource byOne = source(BatchPlan.of(3, 1, 60), SampleOrder.shuffled(1), 200);
                TokenBatchSource other = source(BatchPlan.of(3, microBatch, 60), SampleOrder.shuffled(1), 200)) {
            Batch expected = byOne.next(DataPosition.START, Share.ALL);
            Batch actual = other.next(DataPosition.START, Share.ALL);

            assertThat(actual.globalTargets()).isEqualTo(expected.globalTargets());
            assertThat(actual.next()).isEqualTo(expected.next());
            assertThat(learned(actual)).isEqualTo(learned(expected));
        }
    }

    @Property(tries = 30)
    void shouldNotMixUpStepsThatWereNotForeseen(@ForAll @IntRange(max = 40) int jump) {
        try (TokenBatchSource source = source(BatchPlan.of(2, 2, 8), SampleOrder.shuffled(3), 101);
                TokenBatchSource fresh = source(BatchPlan.of(2, 2, 8), SampleOrder.shuffled(3), 101)) {
            Batch first = source.next(DataPosition.START, Share.of(0, 2));
            List<List<Integer>> held = learned(first);
            DataPosition elsewhere = new DataPosition(0, jump);
            Batch second = source.next(elsewhere, Share.of(1, 2));

            assertThat(learned(second)).isEqualTo(learned(fresh.next(elsewhere, Share.of(1, 2))));
            assertThat(learned(source.next(DataPosition.START, Share.of(0, 2)))).isEqualTo(held);
        }
    }

    @Example
    void shouldKeepTheCurrentStepWhileTheNextIsRead() {
        try (TokenBatchSource source = source(BatchPlan.of(2, 2, 8), SampleOrder.inOrder(), 1001)) {
            DataPosition position = DataPosition.START;
            Set<Long> addresses = new HashSet<>();
            for (int step = 0; step < 100; step++) {
                Batch batch = source.next(position, Share.ALL);
                List<List<Integer>> before = learned(batch);
                addresses.add(batch.microBatches().getFirst().tokens().address());
                assertThat(before.getFirst().getFirst()).isEqualTo(step * 8);
                assertThat(learned(batch)).isEqualTo(before);
                position = batch.next();
            }
            assertThat(addresses).hasSize(2);
            assertThat(source.waitedNs()).isPositive();
        }
    }

    @Example
    void shouldPassOverFilesTooShortForASample() {
        try (TokenBatchSource source = source(BatchPlan.of(4, 3, 12), SampleOrder.inOrder(), 4, 9, 0, 3, 5, 1)) {
            assertThat(source.samplesPerEpoch()).isEqualTo(3);
            assertThat(rows(source.next(DataPosition.START, Share.ALL)
                            .microBatches()
                            .getFirst()
                            .tokens()))
                    .containsExactly(
                            List.of(1000, 1001, 1002, 1003),
                            List.of(1004, 1005, 1006, 1007),
                            List.of(4000, 4001, 4002, 4003));
        }
    }

    @Example
    void shouldValidateOnEveryTokenOnce() {
        TokenShards shards = TokenShards.open(List.of(write(0, 11), write(1, 2), write(2, 5)), "numbers", 100_000);
        try (TokenBatchSource source = TokenBatchSource.validation(shards, BatchPlan.of(4, 2, 12), SOON)) {
            assertThat(source.samplesPerEpoch()).isEqualTo(5);
            Batch first = source.next(DataPosition.START, Share.ALL);
            assertThat(first.globalTargets()).isEqualTo(10);
            assertThat(rows(first.microBatches().get(1).tokens()))
                    .containsExactly(List.of(8, 9, 0, 0), List.of(0, 0, 0, 0));
            assertThat(rows(first.microBatches().get(1).targets()))
                    .containsExactly(List.of(9, 10, -1, -1), List.of(-1, -1, -1, -1));
            Batch second = source.next(first.next(), Share.ALL);
            assertThat(second.globalTargets()).isEqualTo(5);
            assertThat(second.globalMicroBatches()).isEqualTo(1);
            assertThat(rows(second.microBatches().getFirst().targets()))
                    .containsExactly(List.of(1001, -1, -1, -1), List.of(2001, 2002, 2003, 2004));
            assertThat(second.next()).isEqualTo(new DataPosition(1, 0));
        }
    }

    @Property(tries = 100)
    void shouldValidateTheSameOnAnyNumberOfRanks(
            @ForAll @IntRange(min = 2, max = 60) int count,
            @ForAll @IntRange(min = 1, max = 4) int shares,
            @ForAll @IntRange(min = 1, max = 9) int microBatch) {
        List<Integer> targets = new ArrayList<>();
        long promised = 0;
        TokenShards shards = TokenShards.open(List.of(write(0, count)), "numbers", 100_000);
        try (TokenBatchSource source = TokenBatchSource.validation(shards, BatchPlan.of(4, microBatch, 20), SOON)) {
            DataPosition position = DataPosition.START;
            while (position.epoch() == 0) {
                DataPosition next = position;
                for (int share = 0; share < shares; share++) {
                    Batch batch = source.next(position, Share.of(share, shares));
                    batch.microBatches().forEach(part -> rows(part.targets())
                            .forEach(row ->
                                    row.stream().filter(target -> target >= 0).forEach(targets::add)));
                    promised += share == 0 ? batch.globalTargets() : 0;
                    next = batch.next();
                }
                position = next;
            }
        }
        assertThat(targets).isEqualTo(IntStream.range(1, count).boxed().toList());
        assertThat(promised).isEqualTo(count - 1);
    }

    @Example
    void shouldSayThatOneTokenIsTooFewToValidateOn() {
        Path file = write(0, 1);
        try (TokenShards shards = TokenShards.open(List.of(file), "numbers", 100_000)) {
            assertThatThrownBy(() -> TokenBatchSource.validation(shards, BatchPlan.of(4, 1, 4), SOON))
                    .isInstanceOf(DataException.class)
                    .hasMessage(file + " has 1 token; one sample of context 1 needs 2");
        }
    }

    @Example
    void shouldSayThatTheTextIsTooShort() {
        Path file = write(0, 64);
        try (TokenShards shards = TokenShards.open(List.of(file), "numbers", 100_000)) {
            assertThatThrownBy(() -> new TokenBatchSource(shards, BatchPlan.of(64, 1, 64), SampleOrder.inOrder(), SOON))
                    .hasMessage(file + " has 64 tokens; one sample of context 64 needs 65")
                    .asInstanceOf(InstanceOfAssertFactories.type(DataException.class))
                    .extracting(DataException::code, DataException::remedy)
                    .containsExactly("DUN-604", "--set model.context=63 or less, or more text");
        }
    }

    @Example
    void shouldSayThatThePositionIsNotInTheData() {
        try (TokenBatchSource source = source(BatchPlan.of(4, 1, 4), SampleOrder.inOrder(), 30)) {
            assertThatThrownBy(() -> source.next(new DataPosition(1, 7), Share.ALL))
                    .hasMessage("the run is at sample 7 of pass 1, but the data has 7 samples a pass")
                    .isInstanceOf(DataException.class);
            assertThat(source.next(DataPosition.START, Share.ALL).microBatches())
                    .hasSize(1);
        }
    }

    @Example
    void shouldReportADamagedTokenWhenItsStepIsAskedFor() throws IOException {
        Path file = folder.resolve("raw.bin");
        Files.write(file, new byte[] {1, 0, 2, 0, 3, 0, 4, 0, (byte) 0xFF, (byte) 0xFF, 5, 0, 6, 0});
        TokenShards shards = TokenShards.open(List.of(file), "byte", 256);
        try (TokenBatchSource source =
                new TokenBatchSource(shards, BatchPlan.of(2, 1, 2), SampleOrder.inOrder(), SOON)) {
            Batch first = source.next(DataPosition.START, Share.ALL);
            assertThat(rows(first.microBatches().getFirst().tokens())).containsExactly(List.of(1, 2));
            assertThatThrownBy(() -> source.next(first.next(), Share.ALL))
                    .hasMessage(file + ": token 4 is 65,535, but the vocabulary has 256");
        }
    }

    @Example
    void shouldSayWhichFileDoesNotAnswer() {
        CountDownLatch answer = new CountDownLatch(1);
        try (TokenBatchSource source = stuck(answer, Duration.ofMillis(50))) {
            assertThatThrownBy(() -> source.next(new DataPosition(0, 2), Share.ALL))
                    .hasMessage("waited 0.1 s for data from sample 2 of a slow disk")
                    .asInstanceOf(InstanceOfAssertFactories.type(DataException.class))
                    .extracting(DataException::code)
                    .isEqualTo("DUN-615");
            answer.countDown();
        }
    }

    @Example
    void shouldLeaveAtOnceWhenInterrupted() {
        CountDownLatch answer = new CountDownLatch(1);
        try (TokenBatchSource source = stuck(answer, SOON)) {
            Thread.currentThread().interrupt();
            assertThatThrownBy(() -> source.next(DataPosition.START, Share.ALL))
                    .hasMessage("interrupted while waiting for data");
            assertThat(Thread.interrupted()).isTrue();
            answer.countDown();
        }
    }

    @Example
    void shouldRefuseTokensOfAnotherTokenizerOrALargerVocabulary() {
        Path file = write(0, 10);

        assertThatThrownBy(() -> TokenShards.open(List.of(file), "byte", 100_000))
                .hasMessage(file + " was made with tokenizer \"numbers\", the run uses \"byte\"");
        assertThatThrownBy(() -> TokenShards.open(List.of(file), "numbers", 256))
                .hasMessage(file + " has a vocabulary of 100,000, the model's is 256");
    }

    @Example
    void shouldFindFilesByPattern() throws IOException {
        Path set = Files.createDirectories(folder.resolve("set"));
        for (String name : List.of("train_2.bin", "train_1.bin", "val_1.bin", "train_1.txt")) {
            Files.writeString(set.resolve(name), "");
        }

        assertThat(TokenShards.matching(folder, "set/train_*.bin"))
                .containsExactly(set.resolve("train_1.bin"), set.resolve("train_2.bin"));
        assertThat(TokenShards.matching(folder, "set/val_1.bin")).containsExactly(set.resolve("val_1.bin"));
        assertThatThrownBy(() -> TokenShards.matching(folder, "set/test_*.bin"))
                .hasMessage("no file matches \"test_*.bin\" in " + set);
        assertThatThrownBy(() -> TokenShards.matching(folder, "nowhere/*.bin"))
                .hasMessageContaining("no such file or folder");
    }

    /** Three samples that are not read before {@code answer} comes. */
    private static TokenBatchSource stuck(CountDownLatch answer, Duration deadline) {
        Samples samples = new Samples() {
            @Override
            public long count() {
                return 3;
            }

            @Override
            public int context() {
                return 2;
            }

            @Override
            public OptionalInt targetsOfEach() {
                return OptionalInt.of(2);
            }

            @Override
            public int targets(long index) {
                return 2;
            }

            @Override
            public void read(long index, MemorySegment tokens, MemorySegment targets) {
                while (answer.getCount() > 0) {
                    Thread.onSpinWait(); // as a read of a mapped page, it cannot be interrupted
                }
            }

            @Override
            public String place(long index) {
                return "sample %d of a slow disk".formatted(index);
            }

            @Override
            public void close() {}
        };
        BatchPlan plan = BatchPlan.of(2, 1, 2);
        return new TokenBatchSource(samples, plan, SampleOrder.inOrder(), StepBuffer.AtEnd.NEXT_PASS, deadline);
    }

    /** File k of {@code counts} holds the tokens 1000k, 1000k + 1, ... */
    private static TokenBatchSource source(BatchPlan plan, SampleOrder order, int... counts) {
        List<Path> files = IntStream.range(0, counts.length)
                .mapToObj(i -> write(i, counts[i]))
                .toList();
        return new TokenBatchSource(TokenShards.open(files, "numbers", 100_000), plan, order, SOON);
    }

    private static Path write(int number, int count) {
        Path file = folder.resolve("%d-%d.bin".formatted(number, count));
        if (Files.exists(file)) {
            return file;
        }
        try (TokenShardWriter writer = TokenShardWriter.create(file, WIDE)) {
            writer.write(IntStream.range(0, count).map(i -> number * 1000 + i).toArray());
            return writer.finish();
        }
    }

    /** Rows with something to predict, tokens and targets one behind the other. */
    private static List<List<Integer>> learned(Batch batch) {
        return batch.microBatches().stream()
                .flatMap(part -> both(part).stream())
                .filter(row -> row.getLast() >= 0)
                .toList();
    }

    private static List<List<Integer>> both(MicroBatch part) {
        List<List<Integer>> tokens = rows(part.tokens());
        List<List<Integer>> targets = rows(part.targets());
        List<List<Integer>> both = new ArrayList<>();
        for (int i = 0; i < tokens.size(); i++) {
            List<Integer> row = new ArrayList<>(tokens.get(i));
            row.addAll(targets.get(i));
            both.add(row);
        }
        return both;
    }

    private static List<List<Integer>> rows(Tensor tensor) {
        int[] values = tensor.segment().toArray(ValueLayout.JAVA_INT);
        int columns = (int) tensor.columns();
        return IntStream.range(0, values.length / columns)
                .mapToObj(row -> Arrays.stream(values, row * columns, (row + 1) * columns)
                        .boxed()
                        .toList())
                .toList();
    }
}
