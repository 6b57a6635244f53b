package io.dunlin.checkpoint.huggingface;

import io.dunlin.checkpoint.CheckpointEvent;
import io.dunlin.checkpoint.CheckpointFolder;
import io.dunlin.checkpoint.CheckpointWriter;
import io.dunlin.checkpoint.CommitPermit;
import io.dunlin.checkpoint.ModelFacts;
import io.dunlin.checkpoint.Peers;
import io.dunlin.checkpoint.RunState;
import io.dunlin.checkpoint.SliceSource;
import io.dunlin.checkpoint.format.CheckpointError;
import io.dunlin.checkpoint.format.CheckpointException;
import io.dunlin.checkpoint.format.Storage;
import io.dunlin.data.DataPosition;
import io.dunlin.model.Model;
import io.dunlin.model.ModelConfig;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.TensorSlice;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;

/**
 * A GPT-2 or Llama model in a Hugging Face folder: {@code config.json} and {@code model.safetensors}, or its shards with
 * {@code model.safetensors.index.json}. Weights may be F32, BF16 or F16; we keep them in F32.
 *
 * <p>Rotary positions are those of Hugging Face (the two halves of a head are rotated against each other), so no weight
 * is permuted. The matrices of GPT-2 are stored [in, out] there and are transposed.
 */
public final class HuggingFaceImport implements AutoCloseable {
    private static final long PIECE_BYTES = 16 << 20;

    private final Arena arena = Arena.ofShared();
    private final HuggingFaceConfig config;
    private final WeightFiles files;

    private HuggingFaceImport(Storage storage, Path folder) {
        Path path = folder.resolve("config.json");
        try {
            config = HuggingFaceConfig.parse(storage.readAll(path), path.toString());
            files = WeightFiles.open(storage, folder, config.model().family(), arena);
            files.requireExactly(config.model());
        } catch (IOException e) {
            throw new CheckpointException(
                    CheckpointError.READ_FAILED,
                    "cannot read %s: %s".formatted(path, CheckpointException.words(e)),
                    "give a folder with config.json and model.safetensors",
                    e);
        }
    }

    /**
     * Opens a folder and checks that it is a model that we compute exactly, with all its weights.
     *
     * @throws CheckpointException naming the field or tensor that stands against it
     */
    public static HuggingFaceImport open(Storage storage, Path folder) {
        return new HuggingFaceImport(storage, folder);
    }

    /** The dimensions in config.json. */
    public ModelConfig config() {
        return config.model();
    }

    /** What is different here without changing what the model computes, one sentence each. */
    public List<String> notes() {
        return config.notes();
    }

    /**
     * Writes the weights into a model.
     *
     * @throws CheckpointException if its dimensions are others
     */
    public void loadInto(Model model) {
        if (!model.config().equals(config.model())) {
            throw new CheckpointException(
                    CheckpointError.DOES_NOT_FIT,
                    "the folder holds %s, the model is %s".formatted(config.model(), model.config()),
                    "");
        }
        for (ModelWeight.Placed placed : ModelWeight.of(model)) {
            ModelWeight weight = placed.weight();
            WeightRows.read(files.of(weight), weight, 0, weight.shape().rows(), placed.value());
        }
        model.valuesLoaded();
    }

    /**
     * Writes a checkpoint of step 0 that holds the weights alone: what {@code model.init} begins from. Takes memory for
     * a few rows at a time.
     *
     * @param target the folder of checkpoints, made if missing
     */
    public CheckpointEvent.Saved saveAsCheckpoint(CheckpointFolder target, InstantSource clock) {
        CheckpointWriter writer = new CheckpointWriter(target, Peers.alone(), 0, CommitPermit.GRANTED, clock);
        writer.begin(0);
        RunState state = new RunState(0, 0, DataPosition.START, 0, ModelFacts.of(config.model()));
        return writer.saveFrom(
                state, ModelWeight.of(config.model()).stream().map(this::source).toList());
    }

    private SliceSource source(ModelWeight weight) {
        return new SliceSource() {
            @Override
            public TensorSlice slice() {
                return TensorSlice.whole(weight.name(), weight.shape());
            }

            @Override
            public DType dtype() {
                return DType.F32;
            }

            @Override
            public void copyTo(Sink sink) throws IOException {
                long rows = weight.shape().rows();
                long rowBytes = weight.shape().columns() * DType.F32.bytes();
                long rowsAtOnce = Math.clamp(PIECE_BYTES / rowBytes, 1, rows);
                try (Arena scratch = Arena.ofConfined()) {
                    MemorySegment piece = scratch.allocate(rowsAtOnce * rowBytes, 64);
                    for (long first = 0; first < rows; first += rowsAtOnce) {
                        long count = Math.min(rowsAtOnce, rows - first);
                        WeightRows.read(files.of(weight), weight, first, count, piece);
                        sink.accept(piece.asSlice(0, count * rowBytes));
                    }
                }
            }
        };
    }

    @Override
    public void close() {
        arena.close();
    }
}
