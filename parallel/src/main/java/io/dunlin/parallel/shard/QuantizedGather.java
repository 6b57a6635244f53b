package io.dunlin.parallel.shard;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Work;
import io.dunlin.collectives.quant.QuantizedAllGather;
import io.dunlin.collectives.quant.TensorSpec;
import io.dunlin.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Weights that cross quantised (qwZ of ZeRO++, Wang et al., 2023, section 3.1). Every rank, the owner of a part too, ends
 * with what the messages say; the part that was sent stays as it is, unless it lies where it ends up.
 */
final class QuantizedGather {
    private static final long NO_VERSION = -1;

    private final Communicator communicator;
    private final QuantizedTransfers transfers;
    private final Transfer transfer;
    private final DType dtype;
    private final List<UnitExchange> units = new ArrayList<>();

    private static final class UnitExchange {
        private final Padding padding;
        private final Ladder ladder;
        private final Renewed<QuantizedAllGather> gather;
        private long measuredVersion = NO_VERSION;

        UnitExchange(Padding padding, Ladder ladder, Renewed<QuantizedAllGather> gather) {
            this.padding = padding;
            this.ladder = ladder;
            this.gather = gather;
        }
    }

    QuantizedGather(Communicator communicator, QuantizedTransfers transfers, Transfer transfer, DType dtype) {
        this.communicator = communicator;
        this.transfers = transfers;
        this.transfer = transfer;
        this.dtype = dtype;
    }

    /**
     * Adds the next unit.
     *
     * @param lengthsBytes of each member's part
     * @param padding in this rank's part
     * @param messages shared with units that do not cross at the same time
     */
    void add(List<Long> lengthsBytes, Padding padding, TurnsMemory messages) {
        List<Long> lengths =
                lengthsBytes.stream().map(bytes -> bytes / dtype.bytes()).toList();
        long elements = lengths.stream().mapToLong(Long::longValue).sum();
        TensorSpec tensor = new TensorSpec(units.size(), dtype, elements);
        Ladder ladder = transfers.add(transfer, units.size());
        units.add(new UnitExchange(
                padding,
                ladder,
                new Renewed<>(
                        ladder,
                        () -> new QuantizedAllGather(
                                communicator, tensor, lengths, ladder.codec(0, dtype), messages.next()))));
    }

    /**
     * Starts, and does not wait. Of each version the first gather is measured, whoever it is for: so a run that goes on
     * from a checkpoint measures what it would have measured without.
     *
     * @param part this rank's, on the host; its padding becomes zero
     * @param all room for all parts, on the host
     */
    Work start(int unit, MemorySegment part, MemorySegment all, long version) {
        UnitExchange exchange = units.get(unit);
        exchange.padding.clear(part, dtype.bytes());
        boolean measured = exchange.measuredVersion == version;
        if (measured) {
            exchange.ladder.collect();
        }
        Work work = exchange.gather.get().start(part, all, version); // encodes
        if (measured) {
            exchange.ladder.discard();
        }
        exchange.measuredVersion = version;
        return work;
    }
}
