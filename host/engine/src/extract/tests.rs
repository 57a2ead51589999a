use std::collections::BTreeMap;
use std::sync::Arc;

use jurat_model::columns::{Column, Decimals, Values};
use jurat_model::{Bytes, Input, Kind, NOW};
use proptest::prelude::*;
use serde_json::value::RawValue;

use super::*;
use crate::excerpt::shortened;
use crate::field_map::{FieldMap, Path};
use crate::json::{PathStep, Scratch, Span};

const LOAN: &str = r#"{
    "id": {"physical_path": "id"},
    "principal": {"physical_path": "financial.principal_amount"},
    "amount": {"physical_path": "financial.principal_amount"},
    "financial": {"physical_path": "financial"},
    "maturity": {"physical_path": "dates.maturity_date", "to_logical": "str_to_date"},
    "secured": {"physical_path": "collateral_required"}
}"#;
const FACILITY: &str = r#"{"limit": {"physical_path": "terms.limit"}, "id": {"physical_path": "ref"}}"#;

fn map(file: &str) -> FieldMap {
    FieldMap::parse(file.as_bytes()).unwrap()
}

/// `principal:decimal!` is required, `parent.limit:decimal` is a related entity's.
fn inputs(list: &str) -> Vec<Input> {
    let input = |text: &str| {
        let (name, kind) = text.split_once(':').unwrap();
        let (of, name) = name.split_once('.').map_or((None, name), |(of, name)| (Some(of.to_owned()), name));
        let kind_name = kind.trim_end_matches('!');
        Input { name: name.to_owned(), of, kind: kind_name.parse().unwrap(), required: kind.ends_with('!') }
    };
    list.split_whitespace().map(input).collect()
}

fn plan(list: &str) -> Arc<Plan> {
    Arc::new(Plan::new(&map(LOAN), &inputs(list), &[]).unwrap())
}

fn chunk(plan: &Arc<Plan>, records: &[&str]) -> Chunk {
    let mut builder = ChunkBuilder::new(Arc::clone(plan), ChunkLimits::default(), Bytes::mebi(1), 7);
    let mut scratch = Scratch::default();
    for record in records {
        assert_eq!(builder.add(&plan.scan(record.as_bytes(), &mut scratch).unwrap(), &[]), Added::Yes);
    }
    builder.finish()
}

/// A row of a column as text; `-` if it is absent.
fn show(column: &Column<'_>, row: u32) -> String {
    let index = row as usize;
    if !column.is_present(row) {
        return "-".to_owned();
    }
    match &column.values {
        Values::Booleans(values) => (values[index] == 1).to_string(),
        Values::Integers(values) | Values::Timestamps(values) => values[index].to_string(),
        Values::Numbers(values) => values[index].to_string(),
        Values::Dates(values) => values[index].to_string(),
        Values::Decimals(Decimals { units, scales, .. }) => format!("{}/{}", units[index], scales[index]),
        Values::Texts(texts) => String::from_utf8(texts.row(row).to_vec()).unwrap(),
    }
}

fn rows(chunk: &Chunk) -> Vec<String> {
    let row = |row| chunk.columns().iter().map(|column| show(column, row)).collect::<Vec<_>>().join(" ");
    (0..chunk.rows()).map(row).collect()
}

#[test]
fn records_become_columns() {
    let plan = plan("id:text principal:decimal maturity:date secured:boolean nowhere:integer now:timestamp!");
    let chunk = chunk(
        &plan,
        &[
            r#"{"id":"L\u002d1","financial":{"principal_amount":10.50},"dates":{"maturity_date":"1970-01-02"},"collateral_required":true}"#,
            r#"{"id":null,"financial":{"principal_amount":"10.50"},"dates":{"maturity_date":""},"collateral_required":0}"#,
            r#"{"financial":[1],"dates":"1970-01-02"}"#,
            r#"{"financial":null,"dates":{}}"#,
        ],
    );
    assert_eq!(rows(&chunk), ["L-1 1050/2 1 true - 7", "- - - - - 7", "- - - - - 7", "- - - - - 7"]);
    let columns = plan.columns_of(&inputs("principal:decimal secured:boolean nowhere:integer")).unwrap();
    let cells: Vec<Vec<Cell>> =
        (0..4).map(|row| columns.iter().map(|&column| chunk.cell(row, column)).collect()).collect();
    use Cell::{Absent, Present, WrongKind};
    let expected = [
        [Present, Present, Absent],
        [WrongKind, WrongKind, Absent],
        // A list lies where the path leads through an object.
        [WrongKind, Absent, Absent],
        [Absent, Absent, Absent],
    ];
    assert_eq!(cells, expected);
}

#[test]
fn inputs_that_are_the_same_share_a_column() {
    let plan =
        plan("principal:decimal amount:decimal principal:number principal:decimal! gone:text lost:text now:timestamp!");
    assert_eq!(plan.columns(), 4);
    let column = |list: &str| plan.column(&inputs(list)[0]);
    assert_eq!(column("principal:decimal"), column("amount:decimal!"));
    assert_ne!(column("principal:decimal"), column("principal:number"));
    assert_eq!(column("gone:text"), column("lost:text"));
    assert_eq!(column("principal:text"), None);
    assert_eq!(plan.pointer(column("amount:decimal").unwrap()), Some("/financial/principal_amount"));
    assert_eq!(plan.pointer(column("gone:text").unwrap()), None);
    assert_eq!(plan.source(column("now:timestamp").unwrap()), Some(ColumnSource::Now));
    let batch = chunk(&plan, &[r#"{"financial":{"principal_amount":5}}"#]);
    let columns = plan.columns_of(&inputs("principal:number now:timestamp amount:decimal")).unwrap();
    let batch = batch.batch(&columns);
    let shown: Vec<String> = batch.columns.iter().map(|column| show(column, 0)).collect();
    assert_eq!((batch.rows, shown), (1, vec!["5".to_owned(), "7".to_owned(), "5/0".to_owned()]));
}

#[test]
fn inputs_that_do_not_fit_the_field_map_are_refused() {
    let wrong = inputs("maturity:text principal:date maturity:date now:text maturity:text parent.maturity:text");
    let errors = Plan::new(&map(LOAN), &wrong, &[]).unwrap_err();
    let names: Vec<&str> = errors.iter().map(|error| error.input.as_str()).collect();
    assert_eq!(names, ["maturity", "principal", NOW]);
    let plan = Plan::new(&map(LOAN), &inputs("parent.maturity:text"), &[]).unwrap();
    assert_eq!(plan.related("parent", &map(LOAN)).unwrap_err()[0].input, "parent.maturity");
}

#[test]
fn captured_paths_are_found_besides() {
    let captures: Vec<Path> = ["$schema", "id", "a.b", "id"].map(|path| path.parse().unwrap()).into();
    let plan = Plan::new(&map(LOAN), &inputs("id:text"), &captures).unwrap();
    let mut scratch = Scratch::default();
    let tokens = plan.scan(br#"{"a":{"b":[1]},"id":"L"}"#, &mut scratch).unwrap();
    let found: Vec<Option<&str>> = (0..5).map(|index| tokens.capture(index)).collect();
    assert_eq!(found, [None, Some("\"L\""), Some("[1]"), Some("\"L\""), None]);
}

#[test]
fn a_record_must_be_an_object() {
    let plan = plan("id:text");
    let cases =
        [("[{}]", "an array"), (" \"a\"", "a string"), ("1", "a number"), ("null", "`null`"), ("true", "a boolean")];
    for (record, found) in cases {
        let error = plan.scan(record.as_bytes(), &mut Scratch::default()).unwrap_err();
        assert_eq!(
            (error.code(), error.problem.to_string()),
            ("json_not_object", format!("{found} where an object was expected"))
        );
    }
}

#[test]
fn values_can_be_shown_as_they_were_written() {
    let plan = plan("principal:decimal id:text financial:json nowhere:text");
    let records = [r#"{"id":null,"financial":{ "principal_amount" : 1.50e1 }}"#, r#"{"id":7}"#];
    let chunk = chunk(&plan, &records);
    let shown = |row: u32, list: &str| {
        let column = plan.column(&inputs(list)[0]).unwrap();
        TokenView::new("x", plan.pointer(column), records[row as usize], chunk.span(row, column)).value
    };
    assert_eq!(shown(0, "principal:decimal"), Some("1.50e1"));
    assert_eq!(shown(0, "id:text"), Some("null"));
    assert_eq!(shown(0, "financial:json"), Some(r#"{ "principal_amount" : 1.50e1 }"#));
    assert_eq!(shown(0, "nowhere:text"), None);
    assert_eq!(shown(1, "principal:decimal"), None);
    assert_eq!(shown(1, "id:text"), Some("7"));
    assert_eq!(chunk.span(2, ColumnId(0)), Span::NONE);
    assert_eq!(chunk.span(0, ColumnId(4)), Span::NONE);
}

#[test]
fn a_long_token_is_cut_between_characters() {
    assert_eq!(shortened("abc"), "abc");
    assert_eq!(shortened(&"a".repeat(300)), "a".repeat(256));
    assert_eq!(shortened(&format!("a{}", "é".repeat(200))), format!("a{}", "é".repeat(127)));
}

#[test]
fn related_entities_are_read_through_their_own_map() {
    let plan = plan(
        "id:text parent.limit:decimal all_children.limit:decimal parent.id:text all_children.any:json now:timestamp!",
    );
    assert_eq!(plan.terms().collect::<Vec<_>>(), ["parent", "all_children"]);
    let parent = plan.related("parent", &map(FACILITY)).unwrap().unwrap();
    let other_parent = plan.related("parent", &map(r#"{"limit":{"physical_path":"max"}}"#)).unwrap().unwrap();
    let children = plan.related("all_children", &map(FACILITY)).unwrap().unwrap();
    assert!(plan.related("siblings", &map(FACILITY)).unwrap().is_none());
    let limit = plan.column(&inputs("parent.limit:decimal")[0]).unwrap();
    assert_eq!(parent.pointer(limit), Some("/terms/limit"));
    assert_eq!(other_parent.pointer(limit), Some("/max"));
    assert_eq!(children.pointer(limit), None);
    assert_eq!((plan.pointer(limit), plan.source(limit)), (None, Some(ColumnSource::Related(0))));

    let mut builder = ChunkBuilder::new(Arc::clone(&plan), ChunkLimits::default(), Bytes::mebi(1), 7);
    let [mut a, mut b, mut c] = [Scratch::default(), Scratch::default(), Scratch::default()];
    let mut add = |parent: Related<'_>, children: Related<'_>| {
        let record = plan.scan(br#"{"id":"L"}"#, &mut a).unwrap();
        assert_eq!(builder.add(&record, &[parent, children]), Added::Yes);
    };
    let facility = br#"{"ref":"F","terms":{"limit":5}}"#;
    add(parent.scan(facility, &mut b).unwrap(), children.scan(b" [{\"x\": 1}] ", &mut c).unwrap());
    add(other_parent.scan(br#"{"max":6}"#, &mut b).unwrap(), children.scan(b"null", &mut c).unwrap());
    add(Related::Absent, children.scan(br#"{"terms":{"limit":1}}"#, &mut c).unwrap());
    // A bug: the terms are in the wrong order.
    add(children.scan(facility, &mut c).unwrap(), parent.scan(facility, &mut b).unwrap());
    let chunk = builder.finish();
    assert_eq!(rows(&chunk), ["L 7 5/0 F - [{\"x\": 1}]", "L 7 6/0 - - -", "L 7 - - 1/0 -", "L 7 - - - -"]);
    let wrong: Vec<&[u32]> = (0..6).map(|column| chunk.wrong_rows(ColumnId(column))).collect();
    assert_eq!(wrong, [&[][..], &[], &[3], &[3], &[0, 3], &[3]]);

    let error = parent.scan(b"5", &mut b).unwrap_err();
    assert_eq!(error.code(), "json_not_object");
}

#[test]
fn tokens_of_another_plan_are_never_judged() {
    let (plan, other) = (plan("id:text"), plan("id:text"));
    let mut builder = ChunkBuilder::new(Arc::clone(&plan), ChunkLimits::default(), Bytes::mebi(1), 7);
    let mut scratch = Scratch::default();
    let _ = builder.add(&other.scan(br#"{"id":"L"}"#, &mut scratch).unwrap(), &[]);
    assert_eq!(builder.finish().wrong_rows(ColumnId(0)), [0]);
}

#[test]
fn rows_are_sorted_out_for_a_rule() {
    let plan = plan("id:text principal:decimal secured:boolean");
    let chunk = chunk(
        &plan,
        &[
            r#"{"id":"a","financial":{"principal_amount":1},"collateral_required":true}"#,
            r#"{"financial":{"principal_amount":1},"collateral_required":1}"#,
            r#"{"financial":{"principal_amount":"1"}}"#,
            r#"{"id":"d","financial":{"principal_amount":1}}"#,
        ],
    );
    let select = |list: &str| {
        let inputs = inputs(list);
        chunk.select(&inputs, &plan.columns_of(&inputs).unwrap())
    };
    assert_eq!(select("id:text"), Selection { rows: None, blocked: Vec::new() });
    let blocked = vec![(1, Blocked::Absent(0)), (2, Blocked::Absent(0))];
    assert_eq!(select("id:text!"), Selection { rows: Some(vec![0, 3]), blocked });
    let blocked = vec![(1, Blocked::WrongKind(2)), (2, Blocked::WrongKind(1))];
    assert_eq!(
        select("id:text! principal:decimal secured:boolean"),
        Selection { rows: Some(vec![0, 3]), blocked: blocked.clone() }
    );
    assert_eq!(
        select("id:text! principal:decimal secured:boolean!"),
        Selection { rows: Some(vec![0]), blocked: [blocked, vec![(3, Blocked::Absent(2))]].concat() }
    );
    let columns = plan.columns_of(&inputs("id:text")).unwrap();
    let batch = chunk.batch_of(&columns, &[0, 3]);
    assert_eq!((batch.rows, show(&batch.columns[0], 1)), (2, "d".to_owned()));
}

#[test]
fn chunks_end_at_their_limits() {
    let plan = plan("id:text principal:integer");
    let mut scratch = Scratch::default();
    let mut lengths = |limits: ChunkLimits, texts: &[usize]| {
        let mut builder = ChunkBuilder::new(Arc::clone(&plan), limits, Bytes::new(100), 7);
        let mut lengths = Vec::new();
        for &length in texts {
            let record = format!("{{\"id\":\"{}\"}}", "x".repeat(length));
            let tokens = plan.scan(record.as_bytes(), &mut scratch).unwrap();
            match builder.add(&tokens, &[]) {
                Added::Yes => {}
                Added::Full => {
                    let chunk = builder.finish();
                    let size: usize = chunk.columns().iter().map(Column::size).sum();
                    assert!(size as u64 <= limits.bytes.get() || chunk.rows() == 1);
                    lengths.push(chunk.rows());
                    assert_eq!(builder.add(&tokens, &[]), Added::Yes);
                }
                Added::TooLarge => lengths.push(0),
            }
        }
        lengths.push(builder.finish().rows());
        lengths
    };
    let limits = |rows, bytes| ChunkLimits { rows, bytes: Bytes::new(bytes), ..ChunkLimits::default() };
    assert_eq!(lengths(limits(3, 1000), &[1; 7]), [3, 3, 1]);
    assert_eq!(lengths(limits(0, 1000), &[1; 2]), [1, 1]);
    // A row takes 16 bytes and its text, and the chunk 4 besides.
    assert_eq!(lengths(limits(9, 100), &[30, 30, 30, 1, 80, 1]), [2, 2, 1, 1]);
    // A row that is larger than a chunk gets one of its own. One whose texts, with their quotes, are longer than a record may be is in none.
    assert_eq!(lengths(limits(9, 100), &[1, 90, 98, 99, 1, 98, 98, 99]), [1, 1, 0, 1, 1, 1, 0, 1]);
    assert_eq!(lengths(limits(9, 0), &[1, 98, 99, 1]), [1, 0, 1, 1]);
    assert_eq!(lengths(limits(9, 1_000), &[98, 99, 98]), [0, 2]);
    assert_eq!(lengths(ChunkLimits::default(), &[1; 1500]), [1024, 476]);
}

/// A value, with keys that are written in different ways.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        r"-?[0-9]\.[0-9]{1,3}(e[0-9])?",
        "[a-z\\\\\"é\u{0}]{0,9}".prop_map(|text| serde_json::to_string(&text).unwrap()),
        prop::collection::vec(object_of("[0-9]".boxed()), 0..3).prop_map(|list| format!("[{}]", list.join(" , "))),
    ];
    leaf.prop_recursive(4, 30, 5, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..4).prop_map(|list| format!("[{}]", list.join(" , ")));
        prop_oneof![3 => object_of(inner.boxed()), 1 => list]
    })
}

fn object_of(value: BoxedStrategy<String>) -> impl Strategy<Value = String> {
    let space = || prop::sample::select(vec!["", " ", "\n"]);
    let member = (0..3u8, space(), space(), value);
    prop::collection::btree_map("[abé/~\"\\\\ ]|ab|\u{1F600}|keys_of_some_length|keys_of_same_length", member, 0..6)
        .prop_map(|members| {
            let members = members.into_iter().map(|(key, (style, before, after, value))| {
                let key = match style {
                    0 => serde_json::to_string(&key).unwrap(),
                    1 => format!("\"{}\"", key.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<String>()),
                    _ => serde_json::to_string(&key).unwrap().replace('a', "\\u0061").replace('/', "\\/"),
                };
                format!("{before}{key}{after}:{before}{value}{after}")
            });
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        })
}

/// What a path leads to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Walked<'a> {
    Value(&'a str),
    Nothing,
    Obstacle(&'a str),
}

/// The plain way: one map or list of raw values after the other.
fn walk<'a>(record: &'a str, path: &Path) -> Walked<'a> {
    let mut value = record;
    for step in path.steps() {
        if value == "null" {
            return Walked::Nothing;
        }
        let next = match step {
            PathStep::Key(key) => serde_json::from_str::<BTreeMap<String, &'a RawValue>>(value)
                .map(|object| object.get(key).map(|value| value.get())),
            PathStep::Element(index) => serde_json::from_str::<Vec<&'a RawValue>>(value)
                .map(|list| list.get(index as usize).map(|value| value.get())),
        };
        match next {
            Ok(Some(next)) => value = next,
            Ok(None) => return Walked::Nothing,
            Err(_) => return Walked::Obstacle(value),
        }
    }
    Walked::Value(value)
}

/// A path as it is written, with a backslash wherever one may be.
fn written(steps: &[String]) -> String {
    let mut path = String::new();
    for step in steps {
        if let Some(index) = step.strip_prefix('#') {
            path += &format!("[{index}]");
            continue;
        }
        let dot = if path.is_empty() { "" } else { "." };
        path += dot;
        step.chars().for_each(|key| path.extend((!key.is_alphabetic()).then_some('\\').into_iter().chain([key])));
    }
    path
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_plain_walk_finds_the_same_tokens(
        records in prop::collection::vec(object_of(value().boxed()), 1..12),
        paths in prop::collection::btree_set(
            (
                "[abé/~\"\\\\ ]|ab|\u{1F600}|keys_of_some_length|keys_of_same_length",
                prop::collection::vec("[abé/~\"\\\\ ]|ab|\u{1F600}|keys_of_same_length|#[0-2]", 0..3),
            ),
            1..9,
        ),
    ) {
        let paths: Vec<Path> = paths
            .into_iter()
            .map(|(first, rest)| written(&[vec![first], rest].concat()).parse().unwrap())
            .collect();
        let entries = paths.iter().enumerate().map(|(index, path)| {
            format!("\"f{index}\":{{\"physical_path\":{}}}", serde_json::to_string(&path.to_string()).unwrap())
        });
        let map = map(&format!("{{{}}}", entries.collect::<Vec<_>>().join(",")));
        let kinds = [Kind::Json, Kind::Text, Kind::Number];
        let inputs: Vec<Input> = (0..paths.len())
            .flat_map(|index| kinds.map(|kind| Input { name: format!("f{index}"), of: None, kind, required: false }))
            .collect();
        let plan = Arc::new(Plan::new(&map, &inputs, &paths).unwrap());
        let mut scratch = Scratch::default();
        let mut builder = ChunkBuilder::new(
            Arc::clone(&plan),
            ChunkLimits { rows: 99, bytes: Bytes::mebi(9), ..ChunkLimits::default() },
            Bytes::mebi(9),
            0,
        );
        for record in &records {
            let tokens = plan.scan(record.as_bytes(), &mut scratch).unwrap();
            for (index, path) in paths.iter().enumerate() {
                let expected = match walk(record, path) {
                    Walked::Value(token) => Some(token),
                    Walked::Nothing | Walked::Obstacle(_) => None,
                };
                prop_assert_eq!(tokens.capture(index), expected, "{} in {}", path, record);
            }
            prop_assert_eq!(builder.add(&tokens, &[]), Added::Yes);
        }
        let chunk = builder.finish();
        for (row, record) in (0..).zip(&records) {
            for (index, path) in paths.iter().enumerate() {
                let columns = plan.columns_of(&inputs[index * 3..index * 3 + 3]).unwrap();
                let walked = walk(record, path);
                let (token, obstacle) = match walked {
                    Walked::Value(token) => (Some(token), None),
                    Walked::Nothing => (None, None),
                    Walked::Obstacle(obstacle) => (None, Some(obstacle)),
                };
                let value = token.filter(|&token| token != "null");
                let shown = columns.iter().map(|&column| show(&chunk.columns()[column.index()], row)).collect::<Vec<_>>();
                let text = value.and_then(|token| serde_json::from_str::<String>(token).ok());
                let number = value.and_then(|token| serde_json::from_str::<f64>(token).ok());
                prop_assert_eq!(&shown[0], value.unwrap_or("-"));
                prop_assert_eq!(&shown[1], text.as_deref().unwrap_or("-"));
                prop_assert_eq!(&shown[2], &number.map_or("-".to_owned(), |number| number.to_string()));
                let is_wrong = |is_right: bool| match value {
                    None if obstacle.is_some() => Cell::WrongKind,
                    None => Cell::Absent,
                    Some(_) if is_right => Cell::Present,
                    Some(_) => Cell::WrongKind,
                };
                prop_assert_eq!(chunk.cell(row, columns[1]), is_wrong(text.is_some()));
                prop_assert_eq!(chunk.cell(row, columns[2]), is_wrong(number.is_some()));
                prop_assert_eq!(chunk.cell(row, columns[0]), is_wrong(true));
                prop_assert_eq!(chunk.span(row, columns[2]).of(record), token);
                prop_assert_eq!(chunk.span(row, columns[2]).obstacle_of(record), obstacle);
            }
        }
    }
}
