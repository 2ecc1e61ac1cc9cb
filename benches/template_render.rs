//! Renders mapping templates, bytes in and text out: towergate's, minijinja's, and Rust written by hand around
//! `serde_json`. All three read the body anew for each render; templates are parsed once.
//!
//! `cargo bench -p towergate-benches --bench template_render` runs criterion's timing and then prints ratios (medians
//! of rounds in which the rivals take turns) and the allocations of one render. Instructions are counted by
//! `template_instructions`.
//!
//! `TOWERGATE_VELOCITY_BENCH=$PWD/benches/velocity/run.sh` before the command adds the ratios to Apache Velocity.

#![allow(missing_docs, reason = "criterion's macros make public functions")]

#[path = "velocity/rival.rs"]
mod velocity;

use std::{env, fmt::Write, hint::black_box, time::Duration};

use criterion::{Criterion, criterion_group};
use minijinja::{Environment, context};
use serde_json::Value;
use towergate_benches::{
    templates::{SampleRequest, TemplateCase},
    timing::{self, median, seconds},
};
use towergate_mapping_templates::{ContextValue, ParameterLocation, Variables};

const ROUNDS: usize = 41;
const RIVALS: [&str; 3] = ["towergate", "minijinja", "hand-written"];

fn main() {
    let races = races();
    races.iter().for_each(Race::check);
    benches();
    Criterion::default().configure_from_args().final_summary();
    if !env::args().any(|argument| argument == "--test") {
        print_ratios(&races);
        if let Some(program) = env::var_os("TOWERGATE_VELOCITY_BENCH") {
            print_velocity(&races, velocity::Velocity::start(&program));
        }
    }
    print_allocations(&races);
}

criterion_group! {
    name = benches;
    config = timing::criterion(Duration::from_secs(1));
    targets = templates
}

fn templates(criterion: &mut Criterion) {
    for race in races() {
        let mut group = criterion.benchmark_group(format!("template/{}", race.name));
        for (rival, render) in RIVALS.iter().zip(&race.renders) {
            group.bench_function(*rival, |bencher| bencher.iter(render));
        }
    }
}

// === rivals ===

type Render = Box<dyn Fn() -> String>;

struct Race {
    name: &'static str,
    renders_per_round: usize,
    case: fn() -> TemplateCase,
    /// In the order of [`RIVALS`].
    renders: [Render; 3],
}

fn races() -> [Race; 3] {
    [
        Race {
            name: "passthrough",
            renders_per_round: 100,
            case: TemplateCase::passthrough,
            renders: rivals(
                TemplateCase::passthrough,
                "{{ body|tojson }}",
                context_of_body,
                passthrough_by_hand,
            ),
        },
        Race {
            name: "list",
            renders_per_round: 100,
            case: TemplateCase::list,
            renders: rivals(
                TemplateCase::list,
                r#"{"items": [{% for item in body.items %}
{"id": {{ item.id }}, "name": "{{ item.name }}", "price": {{ item.price }}, "quantity": {{ item.quantity }}}{% if not loop.last %},{% endif %}
{% endfor %}]}"#,
                context_of_body,
                list_by_hand,
            ),
        },
        Race {
            name: "parameters",
            renders_per_round: 2_000,
            case: TemplateCase::parameters,
            renders: rivals(
                TemplateCase::parameters,
                r#"{
  "order": "{{ params.orderId }}",
  "tenant": "{{ params.tenant }}",
  "page": "{{ params.page }}",
  "agent": "{{ params["User-Agent"] }}",
  "trace": "{{ params["X-Trace"] }}",
  "request": "{{ context.requestId }}",
  "stage": "{{ context.stage }}",
  "sourceIp": "{{ context["identity.sourceIp"] }}",
  "table": "{{ stageVariables.table }}",
  "region": "{{ stageVariables.region }}"
}"#,
                context_of_request,
                parameters_by_hand,
            ),
        },
    ]
}

fn rivals(
    case: fn() -> TemplateCase,
    jinja: &'static str,
    context: fn(&[u8]) -> minijinja::Value,
    by_hand: fn(&[u8]) -> String,
) -> [Render; 3] {
    let [ours, theirs, hand] = [case(), case(), case()];
    let mut environment = Environment::new();
    let added = environment.add_template("mapping", jinja);
    added.expect("minijinja's template is well formed");
    [
        Box::new(move || black_box(&ours).render()),
        Box::new(move || {
            let template = environment.get_template("mapping");
            let template = template.expect("the template was added");
            let output = template.render(context(black_box(theirs.body())));
            output.expect("minijinja's template renders")
        }),
        Box::new(move || by_hand(black_box(hand.body()))),
    ]
}

/// Reads the body straight into minijinja's values, which costs it less than a detour through `serde_json`'s.
fn context_of_body(body: &[u8]) -> minijinja::Value {
    let body: minijinja::Value = serde_json::from_slice(body).expect("the body is JSON");
    context! { body }
}

/// Lays out the whole request: nobody knows what a template will ask for.
fn context_of_request(_: &[u8]) -> minijinja::Value {
    let parameters = SampleRequest::PARAMETERS.into_iter();
    let parameters = parameters.map(|(_, name, value)| (name, value));
    context! {
        params => parameters.collect::<minijinja::Value>(),
        context => SampleRequest::CONTEXT.into_iter().collect::<minijinja::Value>(),
        stageVariables => SampleRequest::STAGE_VARIABLES.into_iter().collect::<minijinja::Value>(),
    }
}

fn read(body: &[u8]) -> Value {
    serde_json::from_slice(body).expect("the body is JSON")
}

fn passthrough_by_hand(body: &[u8]) -> String {
    read(body).to_string()
}

fn list_by_hand(body: &[u8]) -> String {
    let body = read(body);
    let mut output = String::with_capacity(body["items"].as_array().map_or(0, Vec::len) * 80);
    output.push_str(r#"{"items": ["#);
    for (number, item) in body["items"].as_array().into_iter().flatten().enumerate() {
        output.push_str(if number == 0 { "\n" } else { ",\n" });
        output.push_str(r#"{"id": "#);
        push_scalar(&mut output, &item["id"]);
        output.push_str(r#", "name": ""#);
        push_scalar(&mut output, &item["name"]);
        output.push_str(r#"", "price": "#);
        push_scalar(&mut output, &item["price"]);
        output.push_str(r#", "quantity": "#);
        push_scalar(&mut output, &item["quantity"]);
        output.push('}');
    }
    output.push_str("\n]}");
    output
}

fn push_scalar(output: &mut String, value: &Value) {
    match value {
        Value::String(text) => output.push_str(text),
        other => write!(output, "{other}").expect("a string takes any text"),
    }
}

fn parameters_by_hand(_: &[u8]) -> String {
    // Else the look-ups of known names in known tables would be done by the compiler.
    let request: &dyn Variables = black_box(&SampleRequest);
    let parameter = |name| {
        let mut places = ParameterLocation::ALL.into_iter();
        let found = places.find_map(|place| request.parameter(place, name));
        found.unwrap_or_default()
    };
    let context = |name| match request.context(name) {
        Some(ContextValue::Text(text)) => text,
        _ => "".into(),
    };
    let stage_variable = |name| request.stage_variable(name).unwrap_or_default();
    let mut output = String::with_capacity(512);
    for (label, value) in [
        ("{\n  \"order\": \"", parameter("orderId")),
        ("\",\n  \"tenant\": \"", parameter("tenant")),
        ("\",\n  \"page\": \"", parameter("page")),
        ("\",\n  \"agent\": \"", parameter("User-Agent")),
        ("\",\n  \"trace\": \"", parameter("X-Trace")),
        ("\",\n  \"request\": \"", context("requestId")),
        ("\",\n  \"stage\": \"", context("stage")),
        ("\",\n  \"sourceIp\": \"", context("identity.sourceIp")),
        ("\",\n  \"table\": \"", stage_variable("table")),
        ("\",\n  \"region\": \"", stage_variable("region")),
    ] {
        output.push_str(label);
        output.push_str(&value);
    }
    output.push_str("\"\n}");
    output
}

impl Race {
    /// Panics unless all rivals write the same JSON.
    fn check(&self) {
        let [ours, theirs, by_hand] = self.renders.each_ref().map(|render| -> Value {
            let output = render();
            serde_json::from_str(&output).unwrap_or_else(|error| panic!("{error}: {output}"))
        });
        assert_eq!(ours, theirs, "{}: minijinja differs", self.name);
        assert_eq!(ours, by_hand, "{}: hand-written differs", self.name);
    }
}

// === ratios ===

/// Prints how long a render takes, and how much longer towergate takes than each rival.
fn print_ratios(races: &[Race]) {
    println!("microseconds of one render, medians of {ROUNDS} interleaved rounds:");
    let [ours, theirs, by_hand] = RIVALS;
    println!(
        "  {:<12}{ours:>11}{theirs:>11}{by_hand:>14}{:>15}{:>18}",
        "", "ours/minijinja", "ours/hand-written"
    );
    for race in races {
        let rounds: Vec<_> = (0..ROUNDS).map(|_| race.round()).collect();
        let of = |pick: &dyn Fn(&[f64; 3]) -> f64| median(rounds.iter().map(pick));
        println!(
            "  {:<12}{:>11.2}{:>11.2}{:>14.2}{:>15.2}{:>18.2}",
            race.name,
            of(&|[ours, ..]| *ours),
            of(&|[_, theirs, _]| *theirs),
            of(&|[.., by_hand]| *by_hand),
            of(&|[ours, theirs, _]| ours / theirs),
            of(&|[ours, _, by_hand]| ours / by_hand),
        );
    }
}

/// Prints how much longer Velocity, warmed up, takes than towergate.
fn print_velocity(races: &[Race], mut velocity: velocity::Velocity) {
    for race in races {
        let output = velocity.warm_up(race.name, &(race.case)());
        assert_eq!(output, race.renders[0](), "{}: Velocity differs", race.name);
    }
    let [ours, ..] = RIVALS;
    println!("microseconds of one render, medians of {ROUNDS} interleaved rounds:");
    println!(
        "  {:<12}{ours:>11}{:>11}{:>20}",
        "", "Velocity", "Velocity/towergate"
    );
    for race in races {
        let rounds: Vec<_> = (0..ROUNDS)
            .map(|_| {
                let theirs = velocity.seconds_of(race.name, race.renders_per_round);
                (
                    race.microseconds(&race.renders[0]),
                    theirs * 1e6 / race.renders_per_round as f64,
                )
            })
            .collect();
        let of = |pick: &dyn Fn(&(f64, f64)) -> f64| median(rounds.iter().map(pick));
        println!(
            "  {:<12}{:>11.2}{:>11.2}{:>20.1}",
            race.name,
            of(&|(ours, _)| *ours),
            of(&|(_, theirs)| *theirs),
            of(&|(ours, theirs)| theirs / ours),
        );
    }
}

impl Race {
    /// Returns the microseconds that a render takes each rival.
    fn round(&self) -> [f64; 3] {
        self.renders
            .each_ref()
            .map(|render| self.microseconds(render))
    }

    fn microseconds(&self, render: &Render) -> f64 {
        let total = seconds(|| {
            for _ in 0..self.renders_per_round {
                black_box(render());
            }
        });
        total * 1e6 / self.renders_per_round as f64
    }
}

/// Prints the heap allocations of one render.
fn print_allocations(races: &[Race]) {
    println!("allocations of one render:");
    for race in races {
        for (rival, render) in RIVALS.iter().zip(&race.renders) {
            let count = allocation_counter::measure(|| drop(black_box(render())));
            println!(
                "  {:<12} {rival:<13}{:>5} allocations, {:>6} bytes",
                race.name, count.count_total, count.bytes_total
            );
        }
    }
}
